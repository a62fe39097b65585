import { Body, Controller, Get, Param, Post, Query, UseGuards, UseInterceptors } from "@nestjs/common"
import { ApiSecurity, ApiTags } from "@nestjs/swagger"
import { SecretKeyGuard } from "../api-keys/key.guards.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { Endpoint } from "../api/endpoint.js"
import { FieldsInterceptor } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
import { paymentNotFound } from "../payment-model/not-found.js"
import { CANCELED_PAYMENT, CAPTURED_IN_PART, EXAMPLE, REFUNDED_IN_PART } from "../payment-model/resources/examples.js"
import {
  ADMIN_PAYMENT,
  ADMIN_PAYMENTS,
  CANCELED_PAYMENT_VIEW,
  PAYMENT_ID,
} from "../payment-model/resources/payment.resource.js"
import {
  capturedForGood,
  capturedInFull,
  captureTooLarge,
  refundTooLarge,
} from "../payment-model/rules/payment.rules.js"
import { providerNotAvailable } from "../payment-providers/calls/payment-provider.registry.js"
import { CapturePaymentRequest, ListPaymentsQuery, RefundPaymentRequest } from "./payment.dto.js"
import { PaymentsService } from "./payments.service.js"
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

/** The errors of every route that moves money. */
const MONEY_ERRORS = [
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
@UseGuards(SecretKeyGuard)
@UseInterceptors(FieldsInterceptor)
@Controller("admin/payments")
export class AdminPaymentsController {
  constructor(private readonly payments: PaymentsService) {}

  @Endpoint({
    summary: "List payments",
    operationId: "listPayments",
    responds: ADMIN_PAYMENTS,
    response: "The payments.",
  })
  @Get()
  async list(@Query() query: ListPaymentsQuery, @Context() { selection }: RequestContext) {
    return this.payments.list(query, selection)
  }

  @Endpoint({
    summary: "Get a payment",
    operationId: "getPayment",
    params: { id: PAYMENT_ID },
    responds: ADMIN_PAYMENT,
    response: "The payment.",
    errors: [paymentNotFound(EXAMPLE.paymentId)],
  })
  @Get(":id")
  async get(@Param("id") id: string, @Context() { selection }: RequestContext) {
    return this.payments.get(id, selection)
  }

  @Endpoint({
    summary: "Capture a payment",
    operationId: "capturePayment",
    description:
      "Captures an amount, or all that is left. A payment that is captured in full stays as it is, with an amount or " +
      "without. If the provider captures only once, a partial capture is final and the rest is voided. While an equal " +
      "capture without an outcome is in progress, a request without an idempotency key waits for it and gets its result.",
    params: { id: PAYMENT_ID },
    responds: ADMIN_PAYMENT,
    response: "The payment.",
    example: CAPTURED_IN_PART,
    errors: [...MONEY_ERRORS, captureTooLarge(EXAMPLE_REST), capturedForGood(EXAMPLE.paymentId)],
  })
  @Post(":id/capture")
  async capture(
    @Param("id") id: string,
    @Body() body: CapturePaymentRequest,
    @Context() { caller, selection }: RequestContext,
  ) {
    return this.payments.capture(id, body, caller, selection)
  }

  @Endpoint({
    summary: "Refund a payment",
    operationId: "refundPayment",
    description:
      "Refunds an amount, or all that is captured and not refunded yet; never more. A refund that the provider has " +
      "accepted and not finished is listed as `pending`. While an equal refund without an outcome is in progress, a " +
      "request without an idempotency key waits for it and gets its result.",
    params: { id: PAYMENT_ID },
    responds: ADMIN_PAYMENT,
    response: "The payment.",
    example: REFUNDED_IN_PART,
    errors: [...MONEY_ERRORS, refundTooLarge(EXAMPLE_REST), providerNotAvailable(EXAMPLE.stripeId)],
  })
  @Post(":id/refund")
  async refund(
    @Param("id") id: string,
    @Body() body: RefundPaymentRequest,
    @Context() { caller, selection }: RequestContext,
  ) {
    return this.payments.refund(id, body, caller, selection)
  }

  @Endpoint({
    summary: "Cancel a payment",
    operationId: "cancelPayment",
    description:
      "Voids what is authorized and not captured. A canceled payment stays as it is. Refund a payment that was captured " +
      "in full instead.",
    params: { id: PAYMENT_ID },
    responds: CANCELED_PAYMENT_VIEW,
    response: "The payment.",
    example: CANCELED_PAYMENT,
    errors: [...MONEY_ERRORS, capturedInFull(EXAMPLE.paymentId)],
  })
  @Post(":id/cancel")
  async cancel(@Param("id") id: string, @Context() { caller, selection }: RequestContext) {
    return this.payments.cancel(id, caller, selection)
  }

  @Endpoint({
    summary: "Refresh a payment from its provider",
    operationId: "refreshPayment",
    description:
      "Fetches the payment's current state from its provider and records what was captured, refunded, canceled or " +
      "disputed there, such as in the provider's dashboard. Nothing moves. Use it when a webhook was lost.",
    params: { id: PAYMENT_ID },
    responds: ADMIN_PAYMENT,
    response: "The payment, as its provider reports it.",
    example: CAPTURED_IN_PART,
    errors: [
      InvalidData,
      paymentNotFound(EXAMPLE.paymentId),
      providerNotAvailable(EXAMPLE.stripeId),
      StateConflict,
      OperationInProgress,
      ProviderError,
    ],
  })
  @Post(":id/refresh")
  async refresh(@Param("id") id: string, @Context() { selection }: RequestContext) {
    return this.payments.refresh(id, selection)
  }
}
