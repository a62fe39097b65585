import type Stripe from "stripe"
import { fromStripeAmount } from "./amounts.js"
import type { Money } from "../../common/money.js"
import { isOperationId } from "./refunds.js"

// Each capture adds a marker to the metadata of the intent, so that a lookup finds its outcome: the id of the operation as
// the name, and the amount in Stripe's units as the value.

type Metadata = Stripe.Metadata

/** Stripe's limit of names in metadata, including those of other programs. https://docs.stripe.com/api/metadata */
const MAX_NAMES = 50

/** Names left free for other programs, which may write at the same time. */
const SPARE_NAMES = 5

const WHOLE = /^\d{1,15}$/

/** A name that the session has used. Its value is free once the shopper has authorized. */
const SHARED_NAME = "operation_id"

/** How many markers fit into one value: up to 43 characters each, and Stripe takes 500. */
const SHARED_MARKERS = 10

/**
 * Adds a marker to the metadata, and removes the oldest markers if there is no room, because their calls are resolved. If
 * other programs have used up all names, the marker goes into the value of the shared name.
 *
 * @param before undefined when the metadata is not known; then the marker gets a name
 */
export function addMarker(operationId: string, amount: number, before?: Metadata): Metadata {
  const marker = { [operationId]: String(amount) }
  if (before === undefined) return marker
  const names = Object.keys(before)
  // Ids sort by time.
  const markers = names.filter(isOperationId).sort()
  const room = MAX_NAMES - (names.length - markers.length)
  if (room < 1) return addSharedMarker(operationId, amount, before)
  const kept = Math.max(0, room - 1 - SPARE_NAMES)
  const unset = markers.slice(0, Math.max(0, markers.length - kept))
  return { ...Object.fromEntries(unset.map((name) => [name, ""])), ...marker }
}

/** Adds a marker to the value of the shared name; nothing if other programs have removed the name and used up all names. */
export function addSharedMarker(operationId: string, amount: number, before: Metadata): Metadata {
  const value = before[SHARED_NAME]
  const isFull = Object.keys(before).length >= MAX_NAMES
  if (value === undefined && isFull) return {}
  const markers = readSharedMarkers(value).slice(-(SHARED_MARKERS - 1))
  return { [SHARED_NAME]: [...markers, [operationId, amount] as const].map(([id, of]) => `${id}=${of}`).join(" ") }
}

/** Returns the amount that a call captured, if the intent has its marker. */
export function markerAmount({ metadata, currency }: Stripe.PaymentIntent, operationId: string): Money | undefined {
  const shared = () => readSharedMarkers(metadata[SHARED_NAME]).find(([id]) => id === operationId)?.[1]
  const amount = metadata[operationId] ?? shared()
  return amount !== undefined && WHOLE.test(amount) ? fromStripeAmount(Number(amount), currency) : undefined
}

function readSharedMarkers(value = ""): (readonly [id: string, amount: string])[] {
  return value.split(" ").flatMap((part) => {
    const [id, amount] = part.split("=")
    return id !== undefined && amount !== undefined && isOperationId(id) && WHOLE.test(amount) ? [[id, amount]] : []
  })
}
