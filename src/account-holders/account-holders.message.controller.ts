import { Controller, UseInterceptors } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { FieldsInterceptor, RespondsWith } from "../api/fields/fields.interceptor.js"
import { IdCommand, IdMessage } from "../api/message.js"
import { Context, RequestContext } from "../api/request-context.js"
import { deleted } from "../api/response-body.js"
import { CreateAccountHolderMessage, ListAccountHoldersMessage } from "./account-holder.dto.js"
import { ADMIN_ACCOUNT_HOLDER, ADMIN_ACCOUNT_HOLDERS, EXAMPLE_HOLDER_ID } from "./account-holder.resource.js"
import { AccountHoldersService } from "./account-holders.service.js"

@UseInterceptors(FieldsInterceptor)
@Controller()
export class AccountHoldersMessageController {
  constructor(private readonly holders: AccountHoldersService) {}

  @RespondsWith(ADMIN_ACCOUNT_HOLDERS)
  @MessagePattern("account_holders.list")
  async list(@Payload() message: ListAccountHoldersMessage, @Context() { selection }: RequestContext) {
    return this.holders.list(message, selection)
  }

  @RespondsWith(ADMIN_ACCOUNT_HOLDER)
  @MessagePattern("account_holders.retrieve")
  async retrieve(@Payload() { id }: IdMessage) {
    return this.holders.get(id)
  }

  @RespondsWith(ADMIN_ACCOUNT_HOLDER)
  @MessagePattern("account_holders.create")
  async create(@Payload() message: CreateAccountHolderMessage) {
    return this.holders.create(message)
  }

  @RespondsWith(deleted("account_holder", EXAMPLE_HOLDER_ID))
  @MessagePattern("account_holders.delete")
  async delete(@Payload() { id }: IdCommand) {
    return this.holders.delete(id)
  }
}
