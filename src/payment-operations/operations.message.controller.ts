import { Controller, UseInterceptors } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { FieldsInterceptor, RespondsWith } from "../api/fields/fields.interceptor.js"
import { IdCommand, IdMessage } from "../api/message.js"
import { Context, RequestContext } from "../api/request-context.js"
import { ListOperationsMessage } from "./operation.dto.js"
import { ADMIN_OPERATION, ADMIN_OPERATIONS } from "./operation.resource.js"
import { PaymentOperationsService } from "./payment-operations.service.js"

@UseInterceptors(FieldsInterceptor)
@Controller()
export class OperationsMessageController {
  constructor(private readonly operations: PaymentOperationsService) {}

  @RespondsWith(ADMIN_OPERATIONS)
  @MessagePattern("operations.list")
  async list(@Payload() message: ListOperationsMessage, @Context() { selection }: RequestContext) {
    return this.operations.list(message, selection)
  }

  @RespondsWith(ADMIN_OPERATION)
  @MessagePattern("operations.retrieve")
  async retrieve(@Payload() { id }: IdMessage, @Context() { selection }: RequestContext) {
    return this.operations.get(id, selection)
  }

  @RespondsWith(ADMIN_OPERATION)
  @MessagePattern("operations.retry")
  async retry(@Payload() { id }: IdCommand, @Context() { selection }: RequestContext) {
    return this.operations.retry(id, selection)
  }
}
