import type { MortalService, Request } from "./crash-service.js"
import type { CallKind, Processor } from "./processor.js"

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
  prepare: (service: MortalService) => Promise<Subject>
  act: (subject: Subject) => Request
  /** What the processor is asked for by it, in that order. */
  calls: CallKind[]
  /** Where the collection stands after none, one, two, ... of its steps; see {@link Standing}. */
  steps: string[]
  /** Whether a repeat is an act of its own, for nothing tells it from a second wish. */
  repeatIsAnother?: true
  /** What a repeat is answered, by how many steps had been begun; 200 unless said otherwise. */
  repeated?: (begun: number) => number
}

const REGION = "reg_crash"
let carts = 0

export async function prepareRegion(service: MortalService, { providers }: Processor): Promise<void> {
  const path = `/admin/regions/${REGION}`
  const payment_providers = [...new Set(["pp_system_default", ...Object.values(providers)])]
  await service.get({ method: "POST", path, body: { payment_providers } })
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

export const openSession = ({ id }: Subject, provider_id: string, data: Processor["data"]["a"]): Request => ({
  method: "POST",
  path: `/store/payment-collections/${id}/payment-sessions`,
  body: { provider_id, data },
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

export const markAsPaid = ({ id }: Subject, provider_id: string): Request => ({
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

/** A finished one is refused, and so is what was given back or taken in full. */
const refusedAfter = (steps: number) => (begun: number) => (begun >= steps ? 400 : 200)

const NOTHING = "not_paid 1000 0/0/0"
const AUTHORIZED = "authorized 1000 1000/0/0"
const PAID = "completed 1000 1000/1000/0"

/** What clients ask for that pay with a processor. */
export class UseCases {
  readonly capture: UseCase
  readonly refund: UseCase
  readonly markAsPaid: UseCase
  private readonly open: string
  private readonly changed: string

  constructor(private readonly processor: Processor) {
    const { providers, data } = processor
    this.open = `${NOTHING} open ${providers.usual} 1000 ${Object.values(data.a).join(" ")}`
    this.changed = `${NOTHING} open ${providers.usual} 1000 ${Object.values(data.b).join(" ")}`
    this.capture = {
      name: "capture",
      prepare: this.newPayment,
      act: (subject) => ofPayment("capture", subject),
      calls: ["capture"],
      steps: [AUTHORIZED, PAID],
    }
    this.refund = {
      name: "refund",
      prepare: this.newCapturedPayment,
      act: (subject) => ofPayment("refund", subject),
      calls: ["refund"],
      steps: [PAID, "completed 1000 1000/1000/1000"],
      repeated: refusedAfter(1),
    }
    this.markAsPaid = {
      name: "mark as paid",
      prepare: newCollection,
      act: (subject) => markAsPaid(subject, providers.usual),
      calls: ["initiate", "authorize", "capture"],
      steps: [NOTHING, `${NOTHING} open ${providers.usual} 1000`, AUTHORIZED, PAID],
      repeated: refusedAfter(3),
    }
  }

  /** Every kind of operation, and every use case that is made of several; without {@link markAsPaid}. */
  get all(): UseCase[] {
    return [...this.ofSessions, ...this.ofPayments]
  }

  named(name: string): UseCase {
    const found = this.all.find((useCase) => useCase.name === name)
    if (!found) throw new Error(`There is no use case '${name}'`)
    return found
  }

  readonly newSession = async (service: MortalService): Promise<Subject> => {
    const subject = await newCollection(service)
    const answer = await service.get(this.opening(subject))
    return { ...subject, operations: 1, sessionId: answer.payment_collection.payment_sessions[0].id as string }
  }

  readonly newPayment = async (service: MortalService): Promise<Subject> => this.paid(service, "usual")

  readonly newCapturedPayment = async (service: MortalService): Promise<Subject> => {
    const subject = await this.newPayment(service)
    await service.get(ofPayment("capture", subject))
    return { ...subject, operations: 3 }
  }

  private async paid(service: MortalService, how: "usual" | "once"): Promise<Subject> {
    const subject = await newCollection(service)
    const opened = await service.get(openSession(subject, this.processor.providers[how], this.processor.data.a))
    const sessionId = opened.payment_collection.payment_sessions[0].id as string
    this.processor.pays(sessionId, how === "once")
    const answer = await service.get(authorize({ ...subject, sessionId }))
    return { ...subject, sessionId, operations: 2, paymentId: answer.payment_collection.payments[0].id as string }
  }

  /** The shopper has paid, and the service has yet to ask. */
  private readonly newPaidSession = async (service: MortalService): Promise<Subject> => {
    const subject = await this.newSession(service)
    this.processor.pays(subject.sessionId)
    return subject
  }

  /** The processor never saw the capture; whether it did, nobody knows, and nobody asks for an hour. */
  private readonly newUnknownCapture = async (service: MortalService): Promise<Subject> => {
    const subject = await this.newPayment(service)
    this.processor.lose("capture")
    const answer = await service.send(ofPayment("capture", subject))
    const operationId = answer?.body.operation_id as string
    const later = "UPDATE payment_operation SET next_attempt_at = now() + interval '1 hour' WHERE id = $1"
    await service.query(later, [operationId])
    return { ...subject, operations: 3, operationId }
  }

  private readonly newCollectionBehindItsCart = async (service: MortalService): Promise<Subject> => {
    const subject = await this.newSession(service)
    await service.query("UPDATE cart SET total = 1200 WHERE id = $1", [subject.cartId])
    return subject
  }

  private opening(subject: Subject, provider: "usual" | "other" = "usual", data: "a" | "b" = "a"): Request {
    return openSession(subject, this.processor.providers[provider], this.processor.data[data])
  }

  private get ofSessions(): UseCase[] {
    const { open, changed } = this
    const { usual, other } = this.processor.providers
    const grown = open.replace(NOTHING, "not_paid 1200 0/0/0").replace(`${usual} 1000`, `${usual} 1200`)
    return [
      {
        name: "open a session",
        prepare: newCollection,
        act: (subject) => this.opening(subject),
        calls: ["initiate"],
        steps: [NOTHING, open],
      },
      {
        name: "change a session",
        prepare: this.newSession,
        act: (subject) => this.opening(subject, "usual", "b"),
        calls: ["update"],
        steps: [open, changed],
      },
      {
        name: "change the provider",
        prepare: this.newSession,
        act: (subject) => this.opening(subject, "other", "b"),
        calls: ["cancel_session", "initiate"],
        steps: [open, NOTHING, changed.replace(usual, other)],
      },
      {
        name: "change a cart that has an open session",
        prepare: this.newSession,
        act: ({ cartId }) => putCart(cartId, 12),
        calls: ["update"],
        steps: [open, grown],
      },
      {
        name: "create again for a cart that has moved on from its open session",
        prepare: this.newCollectionBehindItsCart,
        act: ({ cartId }) => createCollection(cartId),
        calls: ["update"],
        steps: [open, grown],
      },
      {
        name: "authorize",
        prepare: this.newPaidSession,
        act: authorize,
        calls: ["authorize"],
        steps: [open, AUTHORIZED],
      },
      {
        name: "delete a collection that has an open session",
        prepare: this.newSession,
        act: deleteCollection,
        calls: ["cancel_session"],
        steps: [open, NOTHING, `${NOTHING} deleted`],
        // It is gone.
        repeated: (begun) => (begun === 2 ? 404 : 200),
      },
    ]
  }

  private get ofPayments(): UseCase[] {
    return [
      this.capture,
      {
        name: "capture an amount",
        prepare: this.newPayment,
        act: (subject) => ofPayment("capture", subject, 4),
        calls: ["capture"],
        steps: [AUTHORIZED, "authorized 1000 1000/400/0", "authorized 1000 1000/800/0"],
        repeatIsAnother: true,
      },
      {
        name: "capture an amount with an idempotency key",
        prepare: this.newPayment,
        act: (subject) => ofPayment("capture", subject, 4, `capture-${subject.id}`),
        calls: ["capture"],
        steps: [AUTHORIZED, "authorized 1000 1000/400/0"],
      },
      {
        name: "capture an amount once and for all, with an idempotency key",
        prepare: (service) => this.paid(service, "once"),
        act: (subject) => ofPayment("capture", subject, 4, `capture-${subject.id}`),
        calls: ["capture"],
        steps: [AUTHORIZED, "partially_captured 1000 400/400/0"],
      },
      this.refund,
      {
        name: "refund an amount with an idempotency key",
        prepare: this.newCapturedPayment,
        act: (subject) => ofPayment("refund", subject, 4, `refund-${subject.id}`),
        calls: ["refund"],
        steps: [PAID, "completed 1000 1000/1000/400"],
      },
      {
        name: "cancel a payment",
        prepare: this.newPayment,
        act: (subject) => ofPayment("cancel", subject),
        calls: ["cancel_payment"],
        steps: [AUTHORIZED, "canceled 1000 0/0/0"],
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
        name: "retry an operation that the processor has never seen",
        prepare: this.newUnknownCapture,
        act: ({ operationId }) => ({ method: "POST", path: `/admin/operations/${operationId}/retry` }),
        calls: ["lookUp", "capture"],
        steps: [PAID],
      },
    ]
  }
}
