import { defineResource, Field } from "../api/fields/resource.js"
import {
  AmountField,
  CurrencyField,
  OptionalTextField,
  OptionalTimeField,
  TimeField,
} from "../api/fields/resource-fields.js"
import { PaymentOperation } from "../payment-model/entities/payment-operation.entity.js"
import { OPERATION_KINDS, OPERATION_STATES, type OperationKind, type OperationState } from "../payment-model/status.js"
import { EXAMPLE } from "../payment-model/resources/examples.js"
import { View } from "../api/fields/view.js"
import { toMajor } from "../common/money.js"

export class OperationResponse {
  @Field({
    description: "The operation's id, which the provider got as idempotency key.",
    example: EXAMPLE.operationId,
  })
  id!: string

  @Field({ description: "The kind of call.", enum: OPERATION_KINDS, example: "capture" })
  kind!: OperationKind

  @Field({
    description:
      "`pending`: requested, or accepted by the provider. `unknown`: the response was lost. In both cases the money is " +
      "reserved and the service asks the provider again. `succeeded` and `declined` are final.",
    enum: OPERATION_STATES,
    example: "unknown",
  })
  state!: OperationState

  @Field({ description: "The collection it is about.", example: EXAMPLE.collectionId })
  payment_collection_id!: string

  @Field({ description: "The session it is about.", example: EXAMPLE.sessionId })
  payment_session_id!: string

  @OptionalTextField("The payment it is about.", EXAMPLE.paymentId)
  payment_id!: string | null

  @OptionalTextField("The capture that it makes.", EXAMPLE.captureId)
  capture_id!: string | null

  @OptionalTextField("The refund that it makes.", null)
  refund_id!: string | null

  @Field({ description: "The provider that was asked.", example: EXAMPLE.providerId })
  provider_id!: string

  @AmountField("What was asked for", 20)
  amount!: number

  @CurrencyField()
  currency_code!: string

  @Field({ description: "How often the provider was asked what became of it.", example: 2 })
  attempts!: number

  @Field({
    description: "When it is asked next; null once resolved, or stuck.",
    type: String,
    format: "date-time",
    nullable: true,
    example: EXAMPLE.time,
  })
  next_attempt_at!: Date | null

  @Field({
    description:
      "The service has stopped asking, because the operation is too old, or because the provider's response contradicts the records. A person has to look at it.",
    example: false,
  })
  is_stuck!: boolean

  @OptionalTextField("What went wrong last.", "The operation was aborted due to timeout")
  last_error!: string | null

  @OptionalTextField("The id of the key, or the name of the service, that asked for it.", EXAMPLE.keyId)
  created_by!: string | null

  @TimeField("When it began.", EXAMPLE.time)
  created_at!: Date

  @TimeField("When it last changed.", EXAMPLE.time)
  updated_at!: Date

  @OptionalTimeField("When its outcome was recorded.")
  resolved_at!: Date | null
}

export const OPERATION = defineResource({
  name: "operation",
  type: OperationResponse,
  rows: PaymentOperation,
  toResponse: toOperationResponse,
})

export const ADMIN_OPERATION = new View({
  key: "operation",
  resource: OPERATION,
  audience: "admin",
  defaults: ["*"],
})

export const ADMIN_OPERATIONS = ADMIN_OPERATION.list("operations")

function toOperationResponse(operation: PaymentOperation): OperationResponse {
  return {
    id: operation.id,
    kind: operation.kind,
    state: operation.state,
    payment_collection_id: operation.payment_collection_id,
    payment_session_id: operation.payment_session_id,
    payment_id: operation.payment_id,
    capture_id: operation.capture_id,
    refund_id: operation.refund_id,
    provider_id: operation.provider_id,
    amount: toMajor({ minor: operation.amount, currency: operation.currency_code }),
    currency_code: operation.currency_code,
    attempts: operation.attempts,
    next_attempt_at: operation.next_attempt_at,
    is_stuck: operation.is_stuck,
    last_error: operation.last_error,
    created_by: operation.created_by,
    created_at: operation.created_at,
    updated_at: operation.updated_at,
    resolved_at: operation.resolved_at,
  }
}
