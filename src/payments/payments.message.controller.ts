import { Controller, UseInterceptors } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { FieldsInterceptor, RespondsWith } from "../api/fields/fields.interceptor.js"
import { IdCommand, IdMessage } from "../api/message.js"
import { Context, RequestContext } from "../api/request-context.js"
import { ADMIN_PAYMENT, ADMIN_PAYMENTS, CANCELED_PAYMENT_VIEW } from "../payment-model/resources/payment.resource.js"
import { CapturePaymentMessage, ListPaymentsMessage, RefundPaymentMessage } from "./payment.dto.js"
import { PaymentsService } from "./payments.service.js"

@UseInterceptors(FieldsInterceptor)
@Controller()
export class PaymentsMessageController {
  constructor(private readonly payments: PaymentsService) {}

  @RespondsWith(ADMIN_PAYMENTS)
  @MessagePattern("payments.list")
  async list(@Payload() message: ListPaymentsMessage, @Context() { selection }: RequestContext) {
    return this.payments.list(message, selection)
  }

  @RespondsWith(ADMIN_PAYMENT)
  @MessagePattern("payments.retrieve")
  async retrieve(@Payload() { id }: IdMessage, @Context() { selection }: RequestContext) {
    return this.payments.get(id, selection)
  }

  @RespondsWith(ADMIN_PAYMENT)
  @MessagePattern("payments.capture")
  async capture(
    @Payload() { id, ...request }: CapturePaymentMessage,
    @Context() { caller, selection }: RequestContext,
  ) {
    return this.payments.capture(id, request, caller, selection)
  }

  @RespondsWith(ADMIN_PAYMENT)
  @MessagePattern("payments.refund")
  async refund(@Payload() { id, ...request }: RefundPaymentMessage, @Context() { caller, selection }: RequestContext) {
    return this.payments.refund(id, request, caller, selection)
  }

  @RespondsWith(CANCELED_PAYMENT_VIEW)
  @MessagePattern("payments.cancel")
  async cancel(@Payload() { id }: IdCommand, @Context() { caller, selection }: RequestContext) {
    return this.payments.cancel(id, caller, selection)
  }

  @RespondsWith(ADMIN_PAYMENT)
  @MessagePattern("payments.refresh")
  async refresh(@Payload() { id }: IdCommand, @Context() { selection }: RequestContext) {
    return this.payments.refresh(id, selection)
  }
}
