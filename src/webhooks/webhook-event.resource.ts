import { defineResource, Field } from "../api/fields/resource.js"
import { OptionalTextField, OptionalTimeField, TimeField } from "../api/fields/resource-fields.js"
import { View } from "../api/fields/view.js"
import { EXAMPLE } from "../payment-model/resources/examples.js"
import { WEBHOOK_STATES, WebhookEvent, type WebhookState } from "./webhook-event.entity.js"

export class WebhookEventResponse {
  @Field({ description: "The event's id here.", example: EXAMPLE.webhookEventId })
  id!: string

  @Field({ description: "The provider that sent it.", example: "pp_stripe_stripe" })
  provider_id!: string

  @Field({ description: "The provider's own id of it.", example: "evt_1QzPxyLkdIwHu7ix0snN0B15" })
  external_id!: string

  @Field({ description: "The provider's name for the kind of event.", example: "payment_intent.succeeded" })
  type!: string

  @Field({ description: "The provider's id of the payment it is about.", example: "pi_1QzPxyLkdIwHu7ix0snN0B15" })
  reference!: string

  @OptionalTextField("The session it is about, once that is known.", EXAMPLE.sessionId)
  payment_session_id!: string | null

  @Field({
    description:
      "`pending`: to be applied. `parked`: about a session that is not known here, which is waited for. `applied`; " +
      "`ignored`: about a payment that was not made here. `dead`: the service stopped trying; look at it, then replay it.",
    enum: WEBHOOK_STATES,
    example: "applied",
  })
  state!: WebhookState

  @Field({ description: "How often it was tried to apply it.", example: 1 })
  attempts!: number

  @OptionalTimeField("When it is tried next.")
  next_attempt_at!: Date | null

  @OptionalTextField("Why it could not be applied so far.", null)
  last_error!: string | null

  @TimeField("When it arrived.", EXAMPLE.time)
  created_at!: Date

  @TimeField("When it last changed.", EXAMPLE.time)
  updated_at!: Date

  @OptionalTimeField("When it was applied, ignored or marked dead.", EXAMPLE.time)
  handled_at!: Date | null
}

export function toWebhookEventResponse(event: WebhookEvent): WebhookEventResponse {
  return {
    id: event.id,
    provider_id: event.provider_id,
    external_id: event.external_id,
    type: event.type,
    reference: event.reference,
    payment_session_id: event.payment_session_id,
    state: event.state,
    attempts: event.attempts,
    next_attempt_at: event.next_attempt_at,
    last_error: event.last_error,
    created_at: event.created_at,
    updated_at: event.updated_at,
    handled_at: event.handled_at,
  }
}

export const WEBHOOK_EVENT = defineResource({
  name: "webhook_event",
  type: WebhookEventResponse,
  rows: WebhookEvent,
  toResponse: toWebhookEventResponse,
})

export const ADMIN_WEBHOOK_EVENT = new View({
  key: "webhook_event",
  resource: WEBHOOK_EVENT,
  audience: "admin",
  defaults: ["*"],
})

export const ADMIN_WEBHOOK_EVENTS = ADMIN_WEBHOOK_EVENT.list("webhook_events")
