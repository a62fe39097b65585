import { Controller } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { IntersectionType } from "@nestjs/swagger"
import type { Selection } from "../common/fields.js"
import { Answers, Selected } from "../common/fields.interceptor.js"
import { IdCommand, IdMessage, Message } from "../common/message.js"
import { toOperationResponse } from "../payment-model/responses/mappers.js"
import { ADMIN_OPERATION, ADMIN_OPERATIONS, ListOperationsQuery } from "./operation.dto.js"
import { PaymentOperationsService } from "./payment-operations.service.js"

class ListOperationsMessage extends IntersectionType(ListOperationsQuery, Message) {}

@Controller()
export class OperationsMessageController {
  constructor(private readonly operations: PaymentOperationsService) {}

  @MessagePattern("operations.list")
  @Answers(ADMIN_OPERATIONS)
  async list(@Payload() message: ListOperationsMessage, @Selected() selection: Selection) {
    const { rows, ...page } = await this.operations.list(message, selection)
    return { operations: rows.map(toOperationResponse), ...page }
  }

  @MessagePattern("operations.retrieve")
  @Answers(ADMIN_OPERATION)
  async retrieve(@Payload() { id }: IdMessage, @Selected() selection: Selection) {
    return { operation: toOperationResponse(await this.operations.get(id, selection)) }
  }

  @MessagePattern("operations.retry")
  @Answers(ADMIN_OPERATION)
  async retry(@Payload() { id }: IdCommand, @Selected() selection: Selection) {
    return { operation: toOperationResponse(await this.operations.retry(id, selection)) }
  }
}
