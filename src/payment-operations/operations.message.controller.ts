import { Controller } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { IntersectionType } from "@nestjs/swagger"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { IdCommand, IdMessage, Message } from "../api/message.js"
import { toOperationResponse } from "../payment-model/responses/mappers.js"
import { ADMIN_OPERATION, ADMIN_OPERATIONS, ListOperationsQuery } from "./operation.dto.js"
import { PaymentOperationsService } from "./payment-operations.service.js"

class ListOperationsMessage extends IntersectionType(ListOperationsQuery, Message) {}

@Controller()
export class OperationsMessageController {
  constructor(private readonly operations: PaymentOperationsService) {}

  @MessagePattern("operations.list")
  @RespondsWith(ADMIN_OPERATIONS)
  async list(@Payload() message: ListOperationsMessage, @Selected() selection: Selection) {
    const { rows, ...page } = await this.operations.list(message, selection)
    return { operations: rows.map(toOperationResponse), ...page }
  }

  @MessagePattern("operations.retrieve")
  @RespondsWith(ADMIN_OPERATION)
  async retrieve(@Payload() { id }: IdMessage, @Selected() selection: Selection) {
    return { operation: toOperationResponse(await this.operations.get(id, selection)) }
  }

  @MessagePattern("operations.retry")
  @RespondsWith(ADMIN_OPERATION)
  async retry(@Payload() { id }: IdCommand, @Selected() selection: Selection) {
    return { operation: toOperationResponse(await this.operations.retry(id, selection)) }
  }
}
