import type { MortalService, Request } from "./crash-service.js"
import type { BankCall, FakeBank } from "./fake-provider.js"

/** What a request is about: a collection of its own. */
export interface Subject {
  cartId: string
  /** The collection's. */
  id: string
  sessionId: string
  paymentId: string
  /** A call whose answer stayed out. */
  operationId?: string
  /** How many calls to providers it took to get there. */
  operations: number
}

/** Something that a client asks for, and repeats until it is answered. */
export interface UseCase {
  name: string
  /** Brings a new collection to where it may be asked for. */
  prepare: (service: MortalService, bank: FakeBank) => Promise<Subject>
  act: (subject: Subject) => Request
  /** What the bank is asked for by it, in that order. */
  calls: BankCall["kind"][]
  /** Where the collection stands after none, one, two, ... of its steps; see {@link Standing}. */
  steps: string[]
  /** Whether a repeat is an act of its own, for nothing tells it from a second wish. */
  repeatIsAnother?: true
  /** What a repeat is answered, by how many steps had been begun; 200 unless said otherwise. */
  repeated?: (begun: number) => number
}

const REGION = "reg_crash"
const PROVIDERS = ["pp_system_default", "pp_fake_default", "pp_fake_single"]

let carts = 0

export async function prepareRegion(service: MortalService): Promise<void> {
  const path = `/admin/regions/${REGION}`
  await service.get({ method: "POST", path, body: { payment_providers: PROVIDERS } })
}

export const putCart = (id: string, total: number): Request => ({
  method: "PUT",
  path: `/admin/carts/${id}`,
  body: { currency_code: "eur", total, region_id: REGION },
})

export const createCollection = (cartId: string): Request => ({
  method: "POST",
  path: "/store/payment-collections",
  body: { cart_id: cartId },
})

export const openSession = ({ id }: Subject, provider_id = "pp_fake_default", token = "a"): Request => ({
  method: "POST",
  path: `/store/payment-collections/${id}/payment-sessions`,
  body: { provider_id, data: { token } },
})

export const authorize = ({ id, sessionId }: Subject): Request => ({
  method: "POST",
  path: `/store/payment-collections/${id}/payment-sessions/${sessionId}/authorize`,
})

export const ofPayment = (
  act: "capture" | "refund" | "cancel",
  { paymentId }: Subject,
  amount?: number,
  idempotencyKey?: string,
): Request => ({ method: "POST", path: `/admin/payments/${paymentId}/${act}`, body: { amount }, idempotencyKey })

export const markAsPaid = ({ id }: Subject, provider_id = "pp_fake_default"): Request => ({
  method: "POST",
  path: `/admin/payment-collections/${id}/mark-as-paid`,
  body: { order_id: "order_crash", provider_id },
})

export const deleteCollection = ({ id }: Subject): Request => ({
  method: "DELETE",
  path: `/admin/payment-collections/${id}`,
})

/** A collection of 10 eur. */
export async function newCollection(service: MortalService): Promise<Subject> {
  const cartId = `cart_crash_${carts++}`
  await service.get(putCart(cartId, 10))
  const answer = await service.get(createCollection(cartId))
  return { cartId, id: answer.payment_collection.id, sessionId: "", paymentId: "", operations: 0 }
}

export const sessionWith = (providerId: string) => async (service: MortalService) => {
  const subject = await newCollection(service)
  const answer = await service.get(openSession(subject, providerId))
  return { ...subject, operations: 1, sessionId: answer.payment_collection.payment_sessions[0].id as string }
}

export const paymentWith = (providerId: string) => async (service: MortalService) => {
  const subject = await sessionWith(providerId)(service)
  const answer = await service.get(authorize(subject))
  return { ...subject, operations: 2, paymentId: answer.payment_collection.payments[0].id as string }
}

const newSession = sessionWith("pp_fake_default")
const newPayment = paymentWith("pp_fake_default")

const newCapturedPayment = async (service: MortalService) => {
  const subject = await newPayment(service)
  await service.get(ofPayment("capture", subject))
  return { ...subject, operations: 3 }
}

/** The bank never saw the capture; whether it did, nobody knows, and nobody asks for an hour. */
const newUnknownCapture = async (service: MortalService, bank: FakeBank) => {
  const subject = await newPayment(service)
  bank.script("capture", "fail_before")
  const answer = await service.send(ofPayment("capture", subject))
  const operationId = answer?.body.operation_id as string
  const later = "UPDATE payment_operation SET next_attempt_at = now() + interval '1 hour' WHERE id = $1"
  await service.query(later, [operationId])
  return { ...subject, operations: 3, operationId }
}

const newCollectionBehindItsCart = async (service: MortalService) => {
  const subject = await newSession(service)
  await service.query("UPDATE cart SET total = 1200 WHERE id = $1", [subject.cartId])
  return subject
}

const NOTHING = "not_paid 1000 0/0/0"
const OPEN = `${NOTHING} open pp_fake_default 1000 a`
const AUTHORIZED = "authorized 1000 1000/0/0"
const PAID = "completed 1000 1000/1000/0"

/** A finished one is refused, and so is what was given back or taken in full. */
const refusedAfter = (steps: number) => (begun: number) => (begun >= steps ? 400 : 200)

export const CAPTURE: UseCase = {
  name: "capture",
  prepare: newPayment,
  act: (subject) => ofPayment("capture", subject),
  calls: ["capture"],
  steps: [AUTHORIZED, PAID],
}

export const REFUND: UseCase = {
  name: "refund",
  prepare: newCapturedPayment,
  act: (subject) => ofPayment("refund", subject),
  calls: ["refund"],
  steps: [PAID, "completed 1000 1000/1000/1000"],
  repeated: refusedAfter(1),
}

export const MARK_AS_PAID: UseCase = {
  name: "mark as paid",
  prepare: newCollection,
  act: (subject) => markAsPaid(subject),
  calls: ["initiate", "authorize", "capture"],
  steps: [NOTHING, `${NOTHING} open pp_fake_default 1000`, AUTHORIZED, PAID],
  repeated: refusedAfter(3),
}

/** Every kind of operation, and every use case that is made of several. */
export const USE_CASES: UseCase[] = [
  {
    name: "open a session",
    prepare: newCollection,
    act: (subject) => openSession(subject),
    calls: ["initiate"],
    steps: [NOTHING, OPEN],
  },
  {
    name: "change a session",
    prepare: newSession,
    act: (subject) => openSession(subject, "pp_fake_default", "b"),
    calls: ["update"],
    steps: [OPEN, `${NOTHING} open pp_fake_default 1000 b`],
  },
  {
    name: "change the provider",
    prepare: newSession,
    act: (subject) => openSession(subject, "pp_fake_single", "b"),
    calls: ["cancel_session", "initiate"],
    steps: [OPEN, NOTHING, `${NOTHING} open pp_fake_single 1000 b`],
  },
  {
    name: "change a cart that has an open session",
    prepare: newSession,
    act: ({ cartId }) => putCart(cartId, 12),
    calls: ["update"],
    steps: [OPEN, "not_paid 1200 0/0/0 open pp_fake_default 1200 a"],
  },
  {
    name: "create again for a cart that has moved on from its open session",
    prepare: newCollectionBehindItsCart,
    act: ({ cartId }) => createCollection(cartId),
    calls: ["update"],
    steps: [OPEN, "not_paid 1200 0/0/0 open pp_fake_default 1200 a"],
  },
  {
    name: "authorize",
    prepare: newSession,
    act: authorize,
    calls: ["authorize"],
    steps: [OPEN, AUTHORIZED],
  },
  CAPTURE,
  {
    name: "capture an amount",
    prepare: newPayment,
    act: (subject) => ofPayment("capture", subject, 4),
    calls: ["capture"],
    steps: [AUTHORIZED, "authorized 1000 1000/400/0", "authorized 1000 1000/800/0"],
    repeatIsAnother: true,
  },
  {
    name: "capture an amount with an idempotency key",
    prepare: newPayment,
    act: (subject) => ofPayment("capture", subject, 4, `capture-${subject.id}`),
    calls: ["capture"],
    steps: [AUTHORIZED, "authorized 1000 1000/400/0"],
  },
  {
    name: "capture an amount once and for all, with an idempotency key",
    prepare: paymentWith("pp_fake_single"),
    act: (subject) => ofPayment("capture", subject, 4, `capture-${subject.id}`),
    calls: ["capture"],
    steps: [AUTHORIZED, "partially_captured 1000 400/400/0"],
  },
  REFUND,
  {
    name: "refund an amount with an idempotency key",
    prepare: newCapturedPayment,
    act: (subject) => ofPayment("refund", subject, 4, `refund-${subject.id}`),
    calls: ["refund"],
    steps: [PAID, "completed 1000 1000/1000/400"],
  },
  {
    name: "cancel a payment",
    prepare: newPayment,
    act: (subject) => ofPayment("cancel", subject),
    calls: ["cancel_payment"],
    steps: [AUTHORIZED, "canceled 1000 0/0/0"],
  },
  {
    name: "delete a collection that has an open session",
    prepare: newSession,
    act: deleteCollection,
    calls: ["cancel_session"],
    steps: [OPEN, NOTHING, `${NOTHING} deleted`],
    // It is gone.
    repeated: (begun) => (begun === 2 ? 404 : 200),
  },
  {
    name: "mark as paid without a provider's network",
    prepare: newCollection,
    act: (subject) => markAsPaid(subject, "pp_system_default"),
    calls: [],
    steps: [NOTHING, `${NOTHING} open pp_system_default 1000`, AUTHORIZED, PAID],
    repeated: refusedAfter(3),
  },
  {
    name: "retry an operation that the bank has never seen",
    prepare: newUnknownCapture,
    act: ({ operationId }) => ({ method: "POST", path: `/admin/operations/${operationId}/retry` }),
    calls: ["lookUp", "capture"],
    steps: [PAID],
  },
]
