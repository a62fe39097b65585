import { Controller } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { IntersectionType } from "@nestjs/swagger"
import type { Selection } from "../common/fields.js"
import { Answers, Selected } from "../common/fields.interceptor.js"
import { IdMessage, Message } from "../common/message.js"
import { toPaymentResponse } from "../payment-model/responses/mappers.js"
import { ADMIN_PAYMENT, ADMIN_PAYMENTS } from "../payment-model/responses/views.js"
import { ListPaymentsQuery } from "./payment.dto.js"
import { PaymentsService } from "./payments.service.js"

class ListPaymentsMessage extends IntersectionType(ListPaymentsQuery, Message) {}

@Controller()
export class PaymentsMessageController {
  constructor(private readonly payments: PaymentsService) {}

  @MessagePattern("payments.list")
  @Answers(ADMIN_PAYMENTS)
  async list(@Payload() message: ListPaymentsMessage, @Selected() selection: Selection) {
    const { rows, ...page } = await this.payments.list(message, selection)
    return { payments: rows.map((row) => toPaymentResponse(row, "admin")), ...page }
  }

  @MessagePattern("payments.retrieve")
  @Answers(ADMIN_PAYMENT)
  async retrieve(@Payload() { id }: IdMessage, @Selected() selection: Selection) {
    return { payment: toPaymentResponse(await this.payments.get(id, selection), "admin") }
  }
}
