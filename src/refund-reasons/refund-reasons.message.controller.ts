import { Controller } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import type { Deleted } from "../api/deleted.js"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { IdCommand, IdMessage } from "../api/message.js"
import { toRefundReasonResponse } from "../payment-model/responses/mappers.js"
import {
  CreateRefundReasonMessage,
  ListRefundReasonsMessage,
  REFUND_REASON,
  REFUND_REASONS,
  UpdateRefundReasonMessage,
} from "./refund-reason.dto.js"
import { RefundReasonsService } from "./refund-reasons.service.js"

@Controller()
export class RefundReasonsMessageController {
  constructor(private readonly reasons: RefundReasonsService) {}

  @MessagePattern("refund_reasons.list")
  @RespondsWith(REFUND_REASONS)
  async list(@Payload() message: ListRefundReasonsMessage, @Selected() selection: Selection) {
    const { rows, ...page } = await this.reasons.list(message, selection)
    return { refund_reasons: rows.map(toRefundReasonResponse), ...page }
  }

  @MessagePattern("refund_reasons.retrieve")
  @RespondsWith(REFUND_REASON)
  async retrieve(@Payload() { id }: IdMessage) {
    return { refund_reason: toRefundReasonResponse(await this.reasons.get(id)) }
  }

  @MessagePattern("refund_reasons.create")
  @RespondsWith(REFUND_REASON)
  async create(@Payload() message: CreateRefundReasonMessage) {
    return { refund_reason: toRefundReasonResponse(await this.reasons.create(message)) }
  }

  @MessagePattern("refund_reasons.update")
  @RespondsWith(REFUND_REASON)
  async update(@Payload() { id, ...changes }: UpdateRefundReasonMessage) {
    return { refund_reason: toRefundReasonResponse(await this.reasons.update(id, changes)) }
  }

  @MessagePattern("refund_reasons.delete")
  async delete(@Payload() { id }: IdCommand): Promise<Deleted<"refund_reason">> {
    await this.reasons.delete(id)
    return { id, object: "refund_reason", deleted: true }
  }
}
