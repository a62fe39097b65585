import { Controller, UseInterceptors } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { FieldsInterceptor, RespondsWith } from "../api/fields/fields.interceptor.js"
import { IdCommand, IdMessage } from "../api/message.js"
import { Context, RequestContext } from "../api/request-context.js"
import { deleted } from "../api/response-body.js"
import { EXAMPLE } from "../payment-model/resources/examples.js"
import { ADMIN_REFUND_REASON, ADMIN_REFUND_REASONS } from "../payment-model/resources/refund-reason.resource.js"
import { CreateRefundReasonMessage, ListRefundReasonsMessage, UpdateRefundReasonMessage } from "./refund-reason.dto.js"
import { RefundReasonsService } from "./refund-reasons.service.js"

@UseInterceptors(FieldsInterceptor)
@Controller()
export class RefundReasonsMessageController {
  constructor(private readonly reasons: RefundReasonsService) {}

  @RespondsWith(ADMIN_REFUND_REASONS)
  @MessagePattern("refund_reasons.list")
  async list(@Payload() message: ListRefundReasonsMessage, @Context() { selection }: RequestContext) {
    return this.reasons.list(message, selection)
  }

  @RespondsWith(ADMIN_REFUND_REASON)
  @MessagePattern("refund_reasons.retrieve")
  async retrieve(@Payload() { id }: IdMessage) {
    return this.reasons.get(id)
  }

  @RespondsWith(ADMIN_REFUND_REASON)
  @MessagePattern("refund_reasons.create")
  async create(@Payload() message: CreateRefundReasonMessage) {
    return this.reasons.create(message)
  }

  @RespondsWith(ADMIN_REFUND_REASON)
  @MessagePattern("refund_reasons.update")
  async update(@Payload() { id, ...changes }: UpdateRefundReasonMessage) {
    return this.reasons.update(id, changes)
  }

  @RespondsWith(deleted("refund_reason", EXAMPLE.reasonId))
  @MessagePattern("refund_reasons.delete")
  async delete(@Payload() { id }: IdCommand) {
    return this.reasons.delete(id)
  }
}
