import { Controller } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import type { Deleted } from "../api/deleted.js"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { IdCommand, IdMessage } from "../api/message.js"
import {
  ACCOUNT_HOLDER,
  ACCOUNT_HOLDERS,
  CreateAccountHolderMessage,
  ListAccountHoldersMessage,
  toAccountHolderResponse,
} from "./account-holder.dto.js"
import { AccountHoldersService } from "./account-holders.service.js"

@Controller()
export class AccountHoldersMessageController {
  constructor(private readonly holders: AccountHoldersService) {}

  @MessagePattern("account_holders.list")
  @RespondsWith(ACCOUNT_HOLDERS)
  async list(@Payload() message: ListAccountHoldersMessage, @Selected() selection: Selection) {
    const { rows, ...page } = await this.holders.list(message, selection)
    return { account_holders: rows.map(toAccountHolderResponse), ...page }
  }

  @MessagePattern("account_holders.retrieve")
  @RespondsWith(ACCOUNT_HOLDER)
  async retrieve(@Payload() { id }: IdMessage) {
    return { account_holder: toAccountHolderResponse(await this.holders.get(id)) }
  }

  @MessagePattern("account_holders.create")
  @RespondsWith(ACCOUNT_HOLDER)
  async create(@Payload() message: CreateAccountHolderMessage) {
    return { account_holder: toAccountHolderResponse(await this.holders.create(message)) }
  }

  @MessagePattern("account_holders.delete")
  async delete(@Payload() { id }: IdCommand): Promise<Deleted<"account_holder">> {
    await this.holders.delete(id)
    return { id, object: "account_holder", deleted: true }
  }
}
