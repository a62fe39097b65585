import type Stripe from "stripe"
import { fromStripeAmount } from "./amounts.js"
import type { Money } from "../../common/money.js"
import { isOperationId } from "./refunds.js"

// What our captures leave in the metadata of an intent, so that a lookup finds what became of them: the id of the
// operation as a name, and the amount in Stripe's units as its value.

type Metadata = Stripe.Metadata

/** How many names Stripe takes, ours and those of others together. https://docs.stripe.com/api/metadata */
const MOST_NAMES = 50

/** Left for others, who may write at the same time. */
const SPARE_NAMES = 5

const WHOLE = /^\d{1,15}$/

/** A name of ours from the session's time. Its value is free once the shopper has authorized. */
const SHARED_NAME = "operation_id"

/** How many marks fit into one value: up to 43 characters each, and Stripe takes 500. */
const SHARED_MARKS = 10

/**
 * Adds a mark to what there is. The oldest marks, whose calls were resolved long ago, make room for it. Without any room
 * the mark goes into the value of a name of ours.
 *
 * @param before undefined when it is not known; then the mark gets a name
 */
export function addMarker(operationId: string, amount: number, before?: Metadata): Metadata {
  const mark = { [operationId]: String(amount) }
  if (before === undefined) return mark
  const names = Object.keys(before)
  // Ids sort by time.
  const marks = names.filter(isOperationId).sort()
  const room = MOST_NAMES - (names.length - marks.length)
  if (room < 1) return addSharedMarker(operationId, amount, before)
  const kept = Math.max(0, room - 1 - SPARE_NAMES)
  const unset = marks.slice(0, Math.max(0, marks.length - kept))
  return { ...Object.fromEntries(unset.map((name) => [name, ""])), ...mark }
}

/** Adds a mark without a name of its own. Nothing, if others have removed our name and filled its place. */
export function addSharedMarker(operationId: string, amount: number, before: Metadata): Metadata {
  const value = before[SHARED_NAME]
  const isFull = Object.keys(before).length >= MOST_NAMES
  if (value === undefined && isFull) return {}
  const marks = sharedMarks(value).slice(-(SHARED_MARKS - 1))
  return { [SHARED_NAME]: [...marks, [operationId, amount] as const].map(([id, of]) => `${id}=${of}`).join(" ") }
}

/** How much a call has captured, if the intent has its mark. */
export function markerAmount({ metadata, currency }: Stripe.PaymentIntent, operationId: string): Money | undefined {
  const shared = () => sharedMarks(metadata[SHARED_NAME]).find(([id]) => id === operationId)?.[1]
  const amount = metadata[operationId] ?? shared()
  return amount !== undefined && WHOLE.test(amount) ? fromStripeAmount(Number(amount), currency) : undefined
}

function sharedMarks(value = ""): (readonly [id: string, amount: string])[] {
  return value.split(" ").flatMap((part) => {
    const [id, amount] = part.split("=")
    return id !== undefined && amount !== undefined && isOperationId(id) && WHOLE.test(amount) ? [[id, amount]] : []
  })
}
