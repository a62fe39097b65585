import type Stripe from "stripe"
import { CARD_NAMES, cardOfMethod, cardOfNumber, type TestCard } from "../cards.js"
import { NAMED_FAULTS } from "../faults.js"
import type { StoredIntent } from "../records.js"
import type { StripeSandbox } from "../stripe-sandbox.js"
import { badField, ControlError, quoted } from "./control-error.js"
import type { Fields } from "./fields.js"
import { deliveriesOf, objectsOf, OBJECT_TYPES, requestsOf } from "./lists.js"

export interface ControlRoute {
  readonly method: "GET" | "POST"
  /** The path after `/_control/`. */
  readonly name: string
  readonly fields: readonly string[]
  /** @returns the response's body */
  readonly act: (sandbox: StripeSandbox, fields: Fields) => object
}

const YEAR = 366 * 24 * 60 * 60
/** Minor units. */
const LARGEST_AMOUNT = Number.MAX_SAFE_INTEGER
const MOST_FAULTS = 1_000
const MOST_ITEMS = 1_000
const ITEMS = 100

const post = (name: string, fields: readonly string[], act: ControlRoute["act"]): ControlRoute => ({
  method: "POST",
  name,
  fields,
  act,
})

const get = (name: string, fields: readonly string[], act: ControlRoute["act"]): ControlRoute => ({
  method: "GET",
  name,
  fields,
  act,
})

const limitOf = (fields: Fields): number => fields.optionalInteger("limit", 1, MOST_ITEMS) ?? ITEMS

export const CONTROL_ROUTES: readonly ControlRoute[] = [
  post("advance", ["seconds"], advance),
  post("pay", ["payment_intent", "card", "authentication"], pay),
  post("transfer", ["payment_intent", "amount"], (sandbox, fields) =>
    sandbox.receiveTransfer(intentIn(sandbox, fields).id, fields.integer("amount", 1, LARGEST_AMOUNT)),
  ),
  post("capture", ["payment_intent", "amount", "final"], (sandbox, fields) => {
    const { id } = intentIn(sandbox, fields)
    return sandbox.capture(id, amountIn(fields), fields.flag("final") ?? true)
  }),
  post("cancel", ["payment_intent"], (sandbox, fields) => sandbox.cancel(intentIn(sandbox, fields).id)),
  post("refund", ["payment_intent", "amount"], (sandbox, fields) =>
    sandbox.refund(intentIn(sandbox, fields).id, amountIn(fields)),
  ),
  post("dispute", ["payment_intent", "outcome", "amount", "reason"], dispute),
  post("fail", ["method", "path", "fault", "times", "clear"], fail),
  post("delete", ["id"], (sandbox, fields) => {
    const id = fields.text("id")
    if (!sandbox.records.has(id)) throw new ControlError(404, `There is no object ${quoted(id)}. ${SEE_OBJECTS}`)
    sandbox.deleteObject(id)
    return { id, deleted: true }
  }),
  post("deliver", ["url", "secret", "paused"], deliver),
  post("settings", ["multicapture", "refunds_are_pending", "releases_make_refunds"], settings),
  get("objects", ["type", "id", "limit"], (sandbox, fields) => {
    const type = fields.choice("type", OBJECT_TYPES)
    if (!type) throw badField(`The field type is missing: one of ${OBJECT_TYPES.join(", ")}.`)
    return objectsOf(sandbox, type, fields.optionalText("id"), limitOf(fields))
  }),
  get("deliveries", ["limit"], (sandbox, fields) => deliveriesOf(sandbox, limitOf(fields))),
  get("requests", ["limit"], (sandbox, fields) => requestsOf(sandbox, limitOf(fields))),
]

const SEE_OBJECTS = "GET /_control/objects?type=payment_intent lists the payment intents, and so on."

/** @throws ControlError 404 */
function intentIn({ records }: StripeSandbox, fields: Fields): StoredIntent {
  const id = fields.text("payment_intent")
  const intent = records.paymentIntents.get(id)
  if (intent) return intent
  throw new ControlError(404, `There is no payment intent ${quoted(id)}. ${SEE_OBJECTS}`)
}

const amountIn = (fields: Fields): number | undefined => fields.optionalInteger("amount", 0, LARGEST_AMOUNT)

function advance(sandbox: StripeSandbox, fields: Fields): object {
  const before = sandbox.events.length
  sandbox.advance(fields.integer("seconds", 1, YEAR))
  const events = sandbox.events.slice(before).map(({ id, type }) => ({ id, type }))
  return { now: sandbox.records.clock.now(), events: events.slice(-MOST_ITEMS) }
}

function pay(sandbox: StripeSandbox, fields: Fields): Stripe.PaymentIntent {
  const { id, status } = intentIn(sandbox, fields)
  const authentication = fields.choice("authentication", ["complete", "fail"])
  const isWaiting = status === "requires_action" && authentication !== undefined && !fields.has("card")
  const intent = isWaiting ? sandbox.records.intent(id) : sandbox.pay(id, cardIn(fields))
  if (authentication === undefined || intent.status !== "requires_action") return intent
  return authentication === "complete" ? sandbox.completeChallenge(id) : sandbox.failChallenge(id)
}

function cardIn(fields: Fields): TestCard {
  const text = fields.optionalText("card") ?? "ok"
  const named = CARD_NAMES.find((name) => name === text)
  const card = named ?? cardOfNumber(text) ?? cardOfMethod(text)
  if (card) return card
  throw badField(`There is no test card ${quoted(text)}. Use a number of Stripe's or one of: ${CARD_NAMES.join(", ")}.`)
}

/** Opens a dispute unless one is open, and closes it if an outcome is given. */
function dispute(sandbox: StripeSandbox, fields: Fields): Stripe.Dispute {
  const { id } = intentIn(sandbox, fields)
  const outcome = fields.choice("outcome", ["won", "lost"])
  const opening = { amount: amountIn(fields), reason: fields.optionalText("reason") }
  const open = [...sandbox.records.disputes.values()].find(
    ({ payment_intent, status }) => payment_intent === id && status !== "won" && status !== "lost",
  )
  const { id: disputeId } = open ?? sandbox.openDispute(id, opening)
  return outcome === undefined ? sandbox.records.dispute(disputeId) : sandbox.closeDispute(disputeId, outcome)
}

function fail(sandbox: StripeSandbox, fields: Fields): object {
  const { faults } = sandbox
  if (fields.flag("clear")) faults.clear()
  else {
    const method = fields.choice("method", ["GET", "POST", "DELETE"])
    if (!method) throw badField("The field method is missing: GET, POST or DELETE.")
    const fault = fields.choice("fault", NAMED_FAULTS)
    if (!fault) throw badField(`The field fault is missing: one of ${NAMED_FAULTS.join(", ")}.`)
    const path = fields.text("path")
    // A misspelt path would never match.
    if (!sandbox.hasRoute(method, path)) {
      throw badField(
        `The API has no route ${method} ${quoted(path)}. Write an id, or :id for any: /v1/payment_intents/:id.`,
      )
    }
    faults.add(`${method} ${path}`, fault, fields.optionalInteger("times", 1, MOST_FAULTS))
  }
  return { planned: faults.planned.slice(0, MOST_ITEMS).map(({ request, fault }) => ({ request, fault })) }
}

function deliver({ webhooks }: StripeSandbox, fields: Fields): object {
  if (fields.isNull("url")) webhooks.sendTo(undefined)
  else if (fields.has("url")) webhooks.sendTo(endpointIn(fields), fields.optionalText("secret"))
  const paused = fields.flag("paused")
  if (paused) webhooks.pause()
  else if (paused === false) webhooks.resume()
  return { url: webhooks.endpoint ?? null, paused: webhooks.isPaused }
}

function endpointIn(fields: Fields): string {
  const url = fields.text("url")
  if (URL.canParse(url) && ["http:", "https:"].includes(new URL(url).protocol)) return url
  throw badField(`url must be an http or https URL, or null to send no webhooks, not ${quoted(url)}.`)
}

function settings(sandbox: StripeSandbox, fields: Fields): object {
  const { settings: current } = sandbox.records
  sandbox.configure({
    multicapture:
      fields.choice("multicapture", ["available", "ignored", "refused_at_creation", "refused_at_confirmation"]) ??
      current.multicapture,
    refundsArePending: fields.flag("refunds_are_pending") ?? current.refundsArePending,
    releasesMakeRefunds: fields.flag("releases_make_refunds") ?? current.releasesMakeRefunds,
  })
  return {
    multicapture: current.multicapture,
    refunds_are_pending: current.refundsArePending,
    releases_make_refunds: current.releasesMakeRefunds,
  }
}
