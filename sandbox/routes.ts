import type Stripe from "stripe"
import type { Attempts } from "./attempts.js"
import type { Records, StoredIntent } from "./records.js"
import { type Customers, CUSTOMER_PARAMETERS } from "./customers.js"
import { INTENT_PARAMETERS } from "./intent-parameters.js"
import { PAGE_PARAMETERS, pageOf } from "./lists.js"
import type { Parameters } from "./parameters.js"
import { type PathPattern, pathPattern } from "./path-pattern.js"
import type { PaymentIntents } from "./payment-intents.js"
import { notFound, unauthorized } from "./errors.js"
import type { Refunds } from "./refunds.js"
import { searchIntents } from "./search.js"
import { SETUP_INTENT_PARAMETERS, type SetupIntents } from "./setup-intents.js"

/** The parts of the account on which the API acts. */
export interface Account {
  readonly records: Records
  readonly intents: PaymentIntents
  readonly attempts: Attempts
  readonly refunds: Refunds
  readonly customers: Customers
  readonly setupIntents: SetupIntents
}

interface Ids {
  readonly id?: string
  readonly method?: string
}

export interface Route {
  readonly pattern: PathPattern
  /** The accepted parameters, besides `expand`. */
  readonly parameters: readonly string[]
  readonly handle: (ids: Ids, parameters: Parameters) => object
}

const route = (pattern: string, parameters: readonly string[], handle: Route["handle"]): Route => ({
  pattern: pathPattern(pattern),
  parameters,
  handle,
})

/** The routes for the secret key. */
export const routesOf = (account: Account): readonly Route[] => [
  ...intentRoutes(account),
  ...moneyRoutes(account),
  ...customerRoutes(account),
]

function intentRoutes({ records, intents }: Account): Route[] {
  return [
    route("POST /v1/payment_intents", INTENT_PARAMETERS.create, (_, given) => intents.create(given)),
    route("GET /v1/payment_intents/search", ["limit", "page", "query"], (_, given) => searchIntents(records, given)),
    route("GET /v1/payment_intents", [...PAGE_PARAMETERS, ...INTENT_PARAMETERS.list], (_, given) =>
      pageOf(having(records.paymentIntents, given, ["customer"]), "/v1/payment_intents", given),
    ),
    route("GET /v1/payment_intents/:id", ["client_secret"], ({ id = "" }) => records.intent(id)),
    route("POST /v1/payment_intents/:id", INTENT_PARAMETERS.update, ({ id = "" }, given) => intents.update(id, given)),
    route("POST /v1/payment_intents/:id/confirm", INTENT_PARAMETERS.confirm, ({ id = "" }, given) =>
      intents.confirm(id, given),
    ),
    route("POST /v1/payment_intents/:id/capture", INTENT_PARAMETERS.capture, ({ id = "" }, given) =>
      intents.capture(id, {
        amount: given.integer("amount_to_capture"),
        isFinal: given.flag("final_capture") ?? true,
        changes: captureChanges(records.intent(id), given),
      }),
    ),
    route("POST /v1/payment_intents/:id/cancel", INTENT_PARAMETERS.cancel, ({ id = "" }, given) =>
      intents.cancel(id, given.choice("cancellation_reason", CANCELLATION_REASONS) ?? null),
    ),
  ]
}

const CANCELLATION_REASONS = ["abandoned", "duplicate", "fraudulent", "requested_by_customer"] as const

function captureChanges(intent: StoredIntent, given: Parameters): Partial<StoredIntent> {
  return {
    metadata: given.metadata(intent.metadata),
    statement_descriptor: given.nullableText("statement_descriptor") ?? intent.statement_descriptor,
    statement_descriptor_suffix:
      given.nullableText("statement_descriptor_suffix") ?? intent.statement_descriptor_suffix,
  }
}

function moneyRoutes({ records, refunds }: Account): Route[] {
  return [
    route("POST /v1/refunds", ["amount", "charge", "metadata", "payment_intent", "reason"], (_, given) =>
      refunds.create({
        intentId: given.text("payment_intent"),
        chargeId: given.text("charge"),
        amount: given.positiveInteger("amount"),
        reason: given.choice("reason", ["duplicate", "fraudulent", "requested_by_customer"]),
        metadata: given.metadata(),
      }),
    ),
    route("GET /v1/refunds", [...PAGE_PARAMETERS, "charge", "created", "payment_intent"], (_, given) =>
      pageOf(
        having(records.refunds, ofKnownIntent(records, given), ["charge", "payment_intent"]),
        "/v1/refunds",
        given,
      ),
    ),
    route("GET /v1/refunds/:id", [], ({ id = "" }) => records.refund(id)),
    route("GET /v1/charges", [...PAGE_PARAMETERS, "created", "customer", "payment_intent"], (_, given) =>
      pageOf(
        having(records.charges, ofKnownIntent(records, given), ["customer", "payment_intent"]),
        "/v1/charges",
        given,
      ),
    ),
    route("GET /v1/charges/:id", [], ({ id = "" }) => records.charge(id)),
    route("GET /v1/disputes", [...PAGE_PARAMETERS, "charge", "created", "payment_intent"], (_, given) =>
      pageOf(
        having(records.disputes, ofKnownIntent(records, given), ["charge", "payment_intent"]),
        "/v1/disputes",
        given,
      ),
    ),
    route("GET /v1/disputes/:id", [], ({ id = "" }) => records.dispute(id)),
    route("GET /v1/events", PAGE_PARAMETERS, (_, given) => pageOf(records.events.all, "/v1/events", given)),
    route("GET /v1/events/:id", [], ({ id = "" }) => eventOf(records, id)),
  ]
}

/** A list for an intent that does not exist is an error. */
function ofKnownIntent(records: Records, given: Parameters): Parameters {
  const id = given.text("payment_intent")
  if (id !== undefined) records.intent(id, "payment_intent")
  return given
}

function eventOf(records: Records, id: string): Stripe.Event {
  const event = records.events.all.find((candidate) => candidate.id === id)
  if (event) return event
  throw notFound("event", id)
}

function customerRoutes({ records, customers, setupIntents }: Account): Route[] {
  return [
    route("POST /v1/customers", CUSTOMER_PARAMETERS, (_, given) => customers.create(given)),
    route("GET /v1/customers", [...PAGE_PARAMETERS, "created", "email"], (_, given) =>
      pageOf(having(records.customers, given, ["email"]), "/v1/customers", given),
    ),
    route("GET /v1/customers/:id", [], ({ id = "" }) => customers.get(id)),
    route("POST /v1/customers/:id", CUSTOMER_PARAMETERS, ({ id = "" }, given) => customers.update(id, given)),
    route("DELETE /v1/customers/:id", [], ({ id = "" }) => customers.remove(id)),
    route("GET /v1/customers/:id/payment_methods", [...PAGE_PARAMETERS, "type"], ({ id = "" }, given) => {
      const methods = customers.methodsOf(id).map((method) => [method.id, method] as const)
      return pageOf(having(new Map(methods), given, ["type"]), `/v1/customers/${id}/payment_methods`, given)
    }),
    route("GET /v1/customers/:id/payment_methods/:method", [], ({ id = "", method = "" }) =>
      customers.methodOf(id, method),
    ),
    route("GET /v1/payment_methods/:id", [], ({ id = "" }) => records.method(id, "id")),
    route("POST /v1/payment_methods/:id/attach", ["customer"], ({ id = "" }, given) =>
      customers.attach(id, given.requiredText("customer")),
    ),
    route("POST /v1/payment_methods/:id/detach", [], ({ id = "" }) => customers.detach(id)),
    route("POST /v1/setup_intents", SETUP_INTENT_PARAMETERS, (_, given) => setupIntents.create(given)),
    route("GET /v1/setup_intents/:id", ["client_secret"], ({ id = "" }) => records.setupIntent(id)),
  ]
}

/** The objects whose fields equal the parameters of the same names. */
function having<T>(objects: ReadonlyMap<string, T>, given: Parameters, names: readonly (keyof T & string)[]): T[] {
  const wanted = names.filter((name) => given.has(name))
  return [...objects.values()].filter((item) => wanted.every((name) => item[name] === given.text(name)))
}

/** The routes for the publishable key. Stripe.js uses them with the client secret of an intent. */
export function browserRoutesOf({ records, intents }: Account): readonly Route[] {
  const entrusted = (id: string, given: Parameters): StoredIntent => {
    const intent = records.intent(id)
    if (given.requiredText("client_secret") === intent.client_secret) return intent
    throw unauthorized("The client_secret provided does not match any associated PaymentIntent on this account.")
  }
  return [
    route("GET /v1/payment_intents/:id", ["client_secret"], ({ id = "" }, given) => publicPartOf(entrusted(id, given))),
    route("POST /v1/payment_intents/:id/confirm", INTENT_PARAMETERS.confirmInBrowser, ({ id = "" }, given) => {
      entrusted(id, given)
      return publicPartOf(intents.confirm(id, given))
    }),
  ]
}

function publicPartOf(intent: StoredIntent): Partial<StoredIntent> {
  const names = [
    ...(["id", "object", "amount", "automatic_payment_methods", "canceled_at", "cancellation_reason"] as const),
    ...(["capture_method", "client_secret", "confirmation_method", "created", "currency", "description"] as const),
    ...(["last_payment_error", "livemode", "next_action", "payment_method", "payment_method_types"] as const),
    ...(["processing", "receipt_email", "setup_future_usage", "shipping", "status"] as const),
  ]
  return Object.fromEntries(names.map((name) => [name, intent[name]]))
}
