import type { Records } from "../records.js"
import type { StripeSandbox } from "../stripe-sandbox.js"
import { ControlError, quoted } from "./control-error.js"

const MAPS = {
  payment_intent: (records: Records) => records.paymentIntents.values(),
  charge: (records: Records) => records.charges.values(),
  refund: (records: Records) => records.refunds.values(),
  dispute: (records: Records) => records.disputes.values(),
  customer: (records: Records) => records.customers.values(),
  payment_method: (records: Records) => records.paymentMethods.values(),
  setup_intent: (records: Records) => records.setupIntents.values(),
  event: (records: Records) => records.events.all.values(),
} as const satisfies Record<string, (records: Records) => Iterable<{ id: string }>>

type ObjectType = keyof typeof MAPS

export const OBJECT_TYPES = Object.keys(MAPS) as ObjectType[]

interface List {
  /** The newest first. */
  readonly data: readonly object[]
  readonly has_more: boolean
}

/** @throws ControlError 404 if no object has the id */
export function objectsOf({ records }: StripeSandbox, type: ObjectType, id: string | undefined, limit: number): List {
  const all: { id: string }[] = [...MAPS[type](records)]
  if (id === undefined) return newest(all, limit)
  const found = all.filter((object) => object.id === id)
  if (found.length > 0) return newest(found, limit)
  throw new ControlError(404, `There is no ${type} ${quoted(id)}. GET /_control/objects?type=${type} lists all.`)
}

/** The webhooks that were sent or are to be sent. */
export function deliveriesOf({ webhooks }: StripeSandbox, limit: number): List & { url: string | null } {
  const deliveries = webhooks.deliveries.map(({ event: { id, type }, state, attempts, status }) => ({
    event: id,
    type,
    state,
    attempts,
    status: status ?? null,
  }))
  return { url: webhooks.endpoint ?? null, ...newest(deliveries, limit) }
}

/** The requests to the API. */
export function requestsOf({ requests }: StripeSandbox, limit: number): List {
  const shown = requests.map(({ method, path, idempotencyKey, params, status, isReplay }) => ({
    method,
    path,
    idempotency_key: idempotencyKey ?? null,
    parameters: params,
    status: status ?? null,
    is_replay: isReplay,
  }))
  return newest(shown, limit)
}

const newest = (oldestFirst: readonly object[], limit: number): List => ({
  data: oldestFirst.slice(-limit).reverse(),
  has_more: oldestFirst.length > limit,
})
