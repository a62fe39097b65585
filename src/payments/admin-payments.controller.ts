import { Body, Controller, Get, HttpCode, Param, Post, Query } from "@nestjs/common"
import { ApiOperation, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { CalledBy, type Caller } from "../api-keys/caller.js"
import { ApiEnvelope, ApiId, ApiPage } from "../api/api-docs.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { exampleOf } from "../api/fields/example.js"
import type { Selection } from "../api/fields/fields.js"
import { NoBody } from "../api/validation/validation.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { SelectQuery } from "../api/lists/list-query.js"
import { CANCELED_PAYMENT, CAPTURED_IN_PART, EXAMPLE, REFUNDED_IN_PART } from "../payment-model/responses/examples.js"
import { toPaymentResponse } from "../payment-model/responses/mappers.js"
import { PaymentResponse } from "../payment-model/responses/payment.response.js"
import { ADMIN_PAYMENT, ADMIN_PAYMENTS, CANCELED_PAYMENT_VIEW } from "../payment-model/responses/views.js"
import { CapturePaymentRequest, ListPaymentsQuery, RefundPaymentRequest } from "./payment.dto.js"
import { PaymentsService } from "./payments.service.js"
import { paymentNotFound } from "../payment-model/not-found.js"
import {
  capturedForGood,
  capturedInFull,
  captureTooLarge,
  refundTooLarge,
} from "../payment-model/rules/payment.rules.js"
import { providerNotAvailable } from "../payment-providers/calls/payment-provider.registry.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"
import {
  OperationInProgress,
  OutcomeUnknown,
  PaymentDeclined,
  ProviderError,
  StateConflict,
} from "../payment-providers/calls/call.errors.js"

const EXAMPLE_REST = { minor: 1000n, currency: "eur" }

/** What can keep money from moving. */
const REFUSALS = [
  InvalidData,
  paymentNotFound(EXAMPLE.paymentId),
  OperationInProgress,
  StateConflict,
  PaymentDeclined,
  ProviderError,
  OutcomeUnknown,
] as const

@ApiTags("Admin: payments")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@Controller("admin/payments")
export class AdminPaymentsController {
  constructor(private readonly payments: PaymentsService) {}

  @Get()
  @RespondsWith(ADMIN_PAYMENTS)
  @ApiOperation({ summary: "List payments", operationId: "listPayments" })
  @ApiPage("payments", PaymentResponse, "The payments.", exampleOf(ADMIN_PAYMENTS))
  async list(@Query() query: ListPaymentsQuery, @Selected() selection: Selection) {
    const { rows, ...page } = await this.payments.list(query, selection)
    return { payments: rows.map((row) => toPaymentResponse(row, "admin")), ...page }
  }

  @Get(":id")
  @ApiId("The payment's id.", EXAMPLE.paymentId)
  @RespondsWith(ADMIN_PAYMENT)
  @ApiOperation({ summary: "Get a payment", operationId: "getPayment" })
  @ApiEnvelope("payment", PaymentResponse, "The payment.", exampleOf(ADMIN_PAYMENT))
  @ApiErrors(paymentNotFound(EXAMPLE.paymentId))
  async get(@Param("id") id: string, @Query() _query: SelectQuery, @Selected() selection: Selection) {
    return { payment: toPaymentResponse(await this.payments.get(id, selection), "admin") }
  }

  @Post(":id/capture")
  @HttpCode(200)
  @ApiId("The payment's id.", EXAMPLE.paymentId)
  @RespondsWith(ADMIN_PAYMENT)
  @ApiOperation({
    summary: "Capture a payment",
    operationId: "capturePayment",
    description:
      "All that is left, or a part. A payment that is captured in full stays as it is, with an amount or without. With a " +
      "provider that captures once, a part is final: the rest is voided. While an equal capture without an outcome is " +
      "in progress, a request without an idempotency key waits for it and gets its result.",
  })
  @ApiEnvelope("payment", PaymentResponse, "The payment.", exampleOf(ADMIN_PAYMENT, CAPTURED_IN_PART))
  @ApiErrors(...REFUSALS, captureTooLarge(EXAMPLE_REST), capturedForGood(EXAMPLE.paymentId))
  async capture(
    @Param("id") id: string,
    @Body() body: CapturePaymentRequest,
    @Query() _query: SelectQuery,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    return { payment: toPaymentResponse(await this.payments.capture(id, body, caller, selection), "admin") }
  }

  @Post(":id/refund")
  @HttpCode(200)
  @ApiId("The payment's id.", EXAMPLE.paymentId)
  @RespondsWith(ADMIN_PAYMENT)
  @ApiOperation({
    summary: "Refund a payment",
    operationId: "refundPayment",
    description:
      "All that was captured and not refunded yet, or a part; never more. A refund that the provider has accepted and " +
      "not finished is listed as `pending`. While an equal refund without an outcome is in progress, a request without " +
      "an idempotency key waits for it and gets its result.",
  })
  @ApiEnvelope("payment", PaymentResponse, "The payment.", exampleOf(ADMIN_PAYMENT, REFUNDED_IN_PART))
  @ApiErrors(...REFUSALS, refundTooLarge(EXAMPLE_REST), providerNotAvailable(EXAMPLE.stripeId))
  async refund(
    @Param("id") id: string,
    @Body() body: RefundPaymentRequest,
    @Query() _query: SelectQuery,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    return { payment: toPaymentResponse(await this.payments.refund(id, body, caller, selection), "admin") }
  }

  @Post(":id/cancel")
  @HttpCode(200)
  @ApiId("The payment's id.", EXAMPLE.paymentId)
  @RespondsWith(CANCELED_PAYMENT_VIEW)
  @ApiOperation({
    summary: "Cancel a payment",
    operationId: "cancelPayment",
    description:
      "Gives up what is authorized and not captured. A canceled payment stays as it is; one that was captured in full " +
      "is refunded instead.",
  })
  @ApiEnvelope("payment", PaymentResponse, "The payment.", exampleOf(CANCELED_PAYMENT_VIEW, CANCELED_PAYMENT))
  @ApiErrors(...REFUSALS, capturedInFull(EXAMPLE.paymentId))
  async cancel(
    @Param("id") id: string,
    @Body() _body: NoBody,
    @Query() _query: SelectQuery,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    return { payment: toPaymentResponse(await this.payments.cancel(id, caller, selection), "admin") }
  }

  @Post(":id/refresh")
  @HttpCode(200)
  @ApiId("The payment's id.", EXAMPLE.paymentId)
  @RespondsWith(ADMIN_PAYMENT)
  @ApiOperation({
    summary: "Refresh a payment from its provider",
    operationId: "refreshPayment",
    description:
      "Fetches the payment's current state from its provider and records what was captured, refunded, canceled or " +
      "disputed there, such as in the provider's dashboard. Nothing moves. Use it when a webhook was lost.",
  })
  @ApiEnvelope(
    "payment",
    PaymentResponse,
    "The payment, as its provider reports it.",
    exampleOf(ADMIN_PAYMENT, CAPTURED_IN_PART),
  )
  @ApiErrors(
    InvalidData,
    paymentNotFound(EXAMPLE.paymentId),
    providerNotAvailable(EXAMPLE.stripeId),
    StateConflict,
    OperationInProgress,
    ProviderError,
  )
  async refresh(
    @Param("id") id: string,
    @Body() _body: NoBody,
    @Query() _query: SelectQuery,
    @Selected() selection: Selection,
  ) {
    return { payment: toPaymentResponse(await this.payments.refresh(id, selection), "admin") }
  }
}
