import { createHmac, timingSafeEqual } from "node:crypto"
import { isRecord } from "../../common/json.js"
import type {
  NotOurs,
  PaymentState,
  ProviderData,
  ProviderEvent,
  ReceivedWebhook,
  WebhookRequest,
  WebhookSource,
} from "../contract/index.js"
import { toError, isPaymentMissing } from "./errors.js"
import { EXPAND } from "./intent-params.js"
import { toPaymentState } from "./payment-state.js"
import { untilAborted } from "../../common/abort.js"
import type { StripeClients } from "./stripe-client.js"
import type { StripeAccount } from "./stripe.config.js"

/** Seconds by which a webhook's time may differ from ours, so that a signed webhook cannot be replayed later. */
const TOLERANCE = 300

const INTENT_EVENTS = [
  "payment_intent.created",
  "payment_intent.processing",
  "payment_intent.requires_action",
  "payment_intent.amount_capturable_updated",
  "payment_intent.partially_funded",
  "payment_intent.succeeded",
  "payment_intent.payment_failed",
  "payment_intent.canceled",
]

const MONEY_EVENTS = [
  "charge.refunded",
  "charge.refund.updated",
  "refund.created",
  "refund.updated",
  "refund.failed",
  "charge.dispute.created",
  "charge.dispute.updated",
  "charge.dispute.closed",
]

/** The form of our sessions' ids. Other programs may write other values under the same name. */
const SESSION_ID = /^payses_[0-9A-HJKMNP-TV-Z]{26}$/

function isSessionId(text: string): boolean {
  return SESSION_ID.test(text)
}

const IGNORED: ReceivedWebhook = { verdict: "ignored" }

/** An account's webhooks. An event only says that something changed; the current state is fetched from Stripe. */
export class StripeWebhooks implements WebhookSource {
  constructor(
    private readonly stripe: StripeClients,
    private readonly account: Pick<StripeAccount, "apiKey" | "webhookSecrets">,
  ) {}

  receive({ body, headers, receivedAt }: WebhookRequest): ReceivedWebhook {
    const signature = signatureOf(headers["stripe-signature"])
    if (!signature) return forged("There is no valid Stripe-Signature header.")
    if (!this.isSigned(body, signature)) return forged("The signature is not that of the body under any known secret.")
    const age = receivedAt.getTime() / 1000 - Number(signature.time)
    if (Math.abs(age) > TOLERANCE) return forged(`The signature's time is more than ${TOLERANCE} seconds from now.`)
    const event = eventOf(body)
    if (!event) return forged("The body is no event of Stripe.")
    // Test mode and live mode may share an endpoint. Our records contain the payments of one mode only.
    if (event.isLive !== this.account.apiKey.includes("_live_")) return IGNORED
    return received(event)
  }

  referenceOf({ payment_intent }: ProviderData): string | undefined {
    return typeof payment_intent === "string" ? payment_intent : undefined
  }

  async inspect({ reference }: ProviderEvent, signal: AbortSignal): Promise<PaymentState | NotOurs> {
    try {
      return await untilAborted(signal, () => this.stateOf(reference, signal))
    } catch (error) {
      if (isPaymentMissing(error)) return {}
      throw toError(error)
    }
  }

  private async stateOf(paymentIntent: string, signal: AbortSignal): Promise<PaymentState | NotOurs> {
    const intent = await this.stripe(signal).paymentIntents.retrieve(paymentIntent, { expand: EXPAND })
    const sessionId = intent.metadata["session_id"]
    return sessionId !== undefined && isSessionId(sessionId)
      ? { sessionId, ...(await toPaymentState(this.stripe(signal), intent)) }
      : {}
  }

  /** Verifies the raw bytes. The SDK verifies the decoded text, which other bytes may share, and accepts any future time. */
  private isSigned(body: Uint8Array, { time, signatures }: Signature): boolean {
    return this.account.webhookSecrets.some((secret) => {
      const expected = createHmac("sha256", secret).update(`${time}.`).update(body).digest()
      return signatures.some((signature) => timingSafeEqual(expected, signature))
    })
  }
}

interface Signature {
  /** Seconds since 1970, as the signed text. */
  readonly time: string
  /** Several while Stripe replaces a secret. */
  readonly signatures: readonly Buffer[]
}

/** Reads `t=1492774577,v1=5257a869...,v1=...`, and ignores other schemes. */
function signatureOf(header: string | string[] | undefined): Signature | undefined {
  if (typeof header !== "string") return undefined
  const parts = header.split(",").map((part) => part.trim().split("="))
  const valuesOf = (name: string) =>
    parts.flatMap(([key, value]) => (key === name && value !== undefined ? [value] : []))
  const [time] = valuesOf("t")
  const signatures = valuesOf("v1").filter((value) => /^[0-9a-f]{64}$/.test(value))
  if (time === undefined || !/^\d{1,12}$/.test(time) || signatures.length === 0) return undefined
  return { time, signatures: signatures.map((value) => Buffer.from(value, "hex")) }
}

interface ReadEvent {
  readonly id: string
  readonly type: string
  /** The object that the event is about. */
  readonly object: Readonly<Record<string, unknown>>
  readonly isLive: boolean
  readonly payload: Readonly<Record<string, unknown>>
}

function eventOf(body: Uint8Array): ReadEvent | undefined {
  const payload = jsonOf(body)
  if (!isRecord(payload) || !isRecord(payload["data"])) return undefined
  const { id, type, livemode, data } = payload
  const { object } = data
  if (typeof id !== "string" || typeof type !== "string" || !isRecord(object)) return undefined
  return { id, type, object, isLive: livemode === true, payload }
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body))
  } catch {
    return undefined
  }
}

function received({ id, type, object, payload }: ReadEvent): ReceivedWebhook {
  const isOfIntent = INTENT_EVENTS.includes(type)
  const sessionId = sessionIdOf(object)
  const reference = isOfIntent ? object["id"] : object["payment_intent"]
  const isOurs = isOfIntent ? sessionId !== undefined : MONEY_EVENTS.includes(type)
  if (!isOurs || typeof reference !== "string") return IGNORED
  return { verdict: "event", event: { id, type, reference, payload, ...(sessionId !== undefined && { sessionId }) } }
}

function sessionIdOf({ metadata }: Readonly<Record<string, unknown>>): string | undefined {
  const sessionId = isRecord(metadata) ? metadata["session_id"] : undefined
  return typeof sessionId === "string" && isSessionId(sessionId) ? sessionId : undefined
}

function forged(reason: string): ReceivedWebhook {
  return { verdict: "forged", reason }
}
