import { Controller } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { IntersectionType } from "@nestjs/swagger"
import { CalledBy, type Caller } from "../api-keys/caller.js"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { IdCommand, IdMessage, Message } from "../api/message.js"
import { toPaymentResponse } from "../payment-model/responses/mappers.js"
import { ADMIN_PAYMENT, ADMIN_PAYMENTS, CANCELED_PAYMENT_VIEW } from "../payment-model/responses/views.js"
import { CapturePaymentRequest, ListPaymentsQuery, RefundPaymentRequest } from "./payment.dto.js"
import { PaymentsService } from "./payments.service.js"

class ListPaymentsMessage extends IntersectionType(ListPaymentsQuery, Message) {}

class CapturePaymentMessage extends IntersectionType(CapturePaymentRequest, IdCommand) {}

class RefundPaymentMessage extends IntersectionType(RefundPaymentRequest, IdCommand) {}

@Controller()
export class PaymentsMessageController {
  constructor(private readonly payments: PaymentsService) {}

  @MessagePattern("payments.list")
  @RespondsWith(ADMIN_PAYMENTS)
  async list(@Payload() message: ListPaymentsMessage, @Selected() selection: Selection) {
    const { rows, ...page } = await this.payments.list(message, selection)
    return { payments: rows.map((row) => toPaymentResponse(row, "admin")), ...page }
  }

  @MessagePattern("payments.retrieve")
  @RespondsWith(ADMIN_PAYMENT)
  async retrieve(@Payload() { id }: IdMessage, @Selected() selection: Selection) {
    return { payment: toPaymentResponse(await this.payments.get(id, selection), "admin") }
  }

  @MessagePattern("payments.capture")
  @RespondsWith(ADMIN_PAYMENT)
  async capture(
    @Payload() { id, ...request }: CapturePaymentMessage,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    return { payment: toPaymentResponse(await this.payments.capture(id, request, caller, selection), "admin") }
  }

  @MessagePattern("payments.refund")
  @RespondsWith(ADMIN_PAYMENT)
  async refund(
    @Payload() { id, ...request }: RefundPaymentMessage,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    return { payment: toPaymentResponse(await this.payments.refund(id, request, caller, selection), "admin") }
  }

  @MessagePattern("payments.cancel")
  @RespondsWith(CANCELED_PAYMENT_VIEW)
  async cancel(@Payload() { id }: IdCommand, @CalledBy() caller: Caller, @Selected() selection: Selection) {
    return { payment: toPaymentResponse(await this.payments.cancel(id, caller, selection), "admin") }
  }

  @MessagePattern("payments.refresh")
  @RespondsWith(ADMIN_PAYMENT)
  async refresh(@Payload() { id }: IdCommand, @Selected() selection: Selection) {
    return { payment: toPaymentResponse(await this.payments.refresh(id, selection), "admin") }
  }
}
