import { Controller, Get, Param, Query } from "@nestjs/common"
import { ApiOperation, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { ApiEnvelope, ApiErrors, ApiId, ApiPage } from "../common/api-docs.js"
import { exampleOf } from "../common/example.js"
import type { Selection } from "../common/fields.js"
import { Answers, Selected } from "../common/fields.interceptor.js"
import { SelectQuery } from "../common/list-query.js"
import { EXAMPLE } from "../payment-model/responses/examples.js"
import { toPaymentResponse } from "../payment-model/responses/mappers.js"
import { PaymentResponse } from "../payment-model/responses/payment.response.js"
import { ADMIN_PAYMENT, ADMIN_PAYMENTS } from "../payment-model/responses/views.js"
import { ListPaymentsQuery } from "./payment.dto.js"
import { PaymentsService } from "./payments.service.js"

@ApiTags("Admin: payments")
@ApiSecurity("secret_key")
@ApiErrors("invalid_data", "unauthorized")
@Controller("admin/payments")
export class AdminPaymentsController {
  constructor(private readonly payments: PaymentsService) {}

  @Get()
  @Answers(ADMIN_PAYMENTS)
  @ApiOperation({ summary: "List payments", operationId: "listPayments" })
  @ApiPage("payments", PaymentResponse, "The payments.", exampleOf(ADMIN_PAYMENTS))
  async list(@Query() query: ListPaymentsQuery, @Selected() selection: Selection) {
    const { rows, ...page } = await this.payments.list(query, selection)
    return { payments: rows.map((row) => toPaymentResponse(row, "admin")), ...page }
  }

  @Get(":id")
  @ApiId("The payment's id.", EXAMPLE.paymentId)
  @Answers(ADMIN_PAYMENT)
  @ApiOperation({ summary: "Get a payment", operationId: "getPayment" })
  @ApiEnvelope("payment", PaymentResponse, "The payment.", exampleOf(ADMIN_PAYMENT))
  @ApiErrors("not_found")
  async get(@Param("id") id: string, @Query() _query: SelectQuery, @Selected() selection: Selection) {
    return { payment: toPaymentResponse(await this.payments.get(id, selection), "admin") }
  }
}
