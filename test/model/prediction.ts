import type { BankRequest } from "../support/fake-bank.js"
import { SYSTEM, type Currency, type Provider } from "./commands.js"
import { effectOf, isUnknown, type Fault } from "./faults.js"
import { totalsOf } from "./oracle.js"
import { settleStatus, statusIn, type Collection, type Payment, type Session, type World } from "./world.js"

// What a command is to be answered, and what there is afterwards, by what is documented. Amounts are minor units.

/** A command with all that it is about. */
export type Intent =
  | { act: "cart" | "tell"; cart: number; currency: Currency; total: number }
  /** The second half of a cart's change; the first is to tell it. */
  | { act: "follow"; cart: number }
  | { act: "create"; cart: number }
  /** To displace is the first half of opening a session: the one of another provider is canceled. */
  | { act: "open" | "displace"; collection: string; provider: Provider; data: string }
  | { act: "authorize"; collection: string; session: string }
  /** One without a key that meets an equal one in progress gets its result. */
  | { act: "capture" | "refund"; payment: string; amount?: number; keyed?: boolean }
  | { act: "cancel"; payment: string }
  | { act: "mark" | "admit" | "proceed"; collection: string; provider: Provider }
  | { act: "delete" | "read"; collection: string }
  /** The bank ends what it has taken on. */
  | { act: "finish"; end: "succeed" | "decline" }
  /** Looks again at what is settled. */
  | { act: "nothing" }

export interface PredictedAnswer {
  status: number
  type?: string
}

export interface Prediction {
  answer: PredictedAnswer
  /** Absent where nobody knows what a call did. */
  world?: World
}

class Refusal extends Error {
  constructor(readonly answer: PredictedAnswer) {
    super(answer.type)
  }
}

/** A call stays unsettled. */
class Unsettled extends Error {
  constructor(readonly answer: PredictedAnswer) {
    super("unsettled")
  }
}

/** What was captured of a payment and then given up is paid; the rest is still to be paid. */
const PAYABLE = ["not_paid", "awaiting", "partially_authorized", "partially_captured"]

const OK: PredictedAnswer = { status: 200 }
const INVALID: PredictedAnswer = { status: 400, type: "invalid_data" }
const NOT_ALLOWED: PredictedAnswer = { status: 400, type: "not_allowed" }
const NOT_FOUND: PredictedAnswer = { status: 404, type: "not_found" }
const CONFLICT: PredictedAnswer = { status: 409, type: "conflict" }
const DECLINED: PredictedAnswer = { status: 422, type: "payment_authorization_error" }
const REFUSED: PredictedAnswer = { status: 502, type: "payment_provider_error" }
const UNKNOWN: PredictedAnswer = { status: 504, type: "payment_provider_error" }

export function predict(world: World, intent: Intent, faults: readonly Fault[]): Prediction {
  const after = structuredClone(world)
  try {
    new Prophet(after, [...faults]).act(intent)
    return { answer: OK, world: after }
  } catch (error) {
    if (error instanceof Refusal) return { answer: error.answer, world: after }
    if (error instanceof Unsettled) return { answer: error.answer }
    throw error
  }
}

/** Changes a world as the service is to change it. */
class Prophet {
  constructor(
    private readonly world: World,
    private readonly faults: Fault[],
  ) {}

  act(intent: Intent): void {
    switch (intent.act) {
      case "cart":
      case "tell":
        this.world.carts[intent.cart] = { currency: intent.currency, total: intent.total }
        if (intent.act === "cart") this.followIfLive(intent.cart)
        return
      case "follow":
        this.followIfLive(intent.cart)
        return
      case "create":
        if (!this.followIfLive(intent.cart)) this.add(intent.cart)
        return
      case "open":
        this.open(this.collection(intent.collection), intent.provider, intent.data)
        return
      case "displace":
        this.displace(this.collection(intent.collection), intent.provider)
        return
      case "authorize":
        this.authorizeById(this.collection(intent.collection), intent.session)
        return
      case "capture":
        this.capture(...this.payment(intent.payment), intent.amount)
        return
      case "refund":
        this.refund(...this.payment(intent.payment), intent.amount)
        return
      case "cancel":
        this.cancel(...this.payment(intent.payment))
        return
      case "mark":
      case "admit":
      case "proceed":
        this.mark(this.collection(intent.collection), intent.provider, intent.act)
        return
      case "read":
        this.collection(intent.collection)
        return
      case "delete":
        this.delete(this.collection(intent.collection))
        return
      case "finish":
        for (const { session } of this.world.collections) if (session) finish(session, intent.end)
        return
      case "nothing":
        return
    }
  }

  /** A cart that changes takes its collection with it, and is told whatever becomes of that. */
  private followIfLive(cart: number): boolean {
    const live = this.world.collections.find(
      (collection) => collection.cart === cart && !collection.isDeleted && statusIn(collection) !== "canceled",
    )
    if (!live) return false
    if (this.isOutgrown(live)) {
      live.isDeleted = true
      return false
    }
    try {
      this.follow(live)
    } catch (error) {
      if (error instanceof Unsettled) throw new Unsettled(OK)
      if (!(error instanceof Refusal)) throw error
    }
    return true
  }

  private add(cart: number): void {
    const { currency, total } = this.cartAt(cart)
    this.world.collections.push({
      id: "new",
      cart,
      isDeleted: false,
      currency,
      amount: total,
      reported: null,
      isMarked: false,
      isCompleted: false,
      isGivenUp: false,
      payments: [],
    })
  }

  private follow(collection: Collection): void {
    this.report(collection)
    const figures = this.figures(collection)
    if (collection.currency === figures.currency && collection.amount === figures.amount) return
    const { session } = collection
    const { authorized } = totalsOf(collection.payments)
    const rest = figures.amount - authorized
    if (session && (rest > 0 || (authorized === 0 && session.provider === SYSTEM))) {
      this.update(collection, session, session.data)
      return
    }
    // Nothing to pay is no business of a bank's.
    if (session) this.cancelSession(collection, session)
    // Only a session raises the amount of what holds money.
    const isRaise = !this.follows(collection) && figures.amount > collection.amount
    if (!isRaise) adopt(collection, figures)
  }

  /** What holds money and is outgrown by its cart is reported, once per total. Every recorded outcome looks at it again. */
  private report(collection: Collection): void {
    const { currency, total } = this.cartAt(collection.cart)
    const { authorized } = totalsOf(collection.payments)
    const isOutgrown =
      authorized > 0 && currency === collection.currency && total > Math.max(collection.amount, authorized)
    collection.reported = isOutgrown ? total : null
  }

  /** What was complete with nothing to pay gives way once there is something to pay. */
  private isOutgrown({ cart, amount, isCompleted }: Collection): boolean {
    return isCompleted && amount === 0 && this.cartAt(cart).total > 0
  }

  /** Whether the collection is what its cart says: nothing is authorized. */
  private follows(collection: Collection): boolean {
    return ["not_paid", "awaiting"].includes(statusIn(collection)) && totalsOf(collection.payments).authorized === 0
  }

  /**
   * What the collection is to be for: what its cart says, while nothing is authorized; then as much as its cart costs in
   * the same currency, and never less than what is authorized, until it is over.
   */
  private figures(collection: Collection): { currency: Currency; amount: number } {
    const { currency, total } = this.cartAt(collection.cart)
    if (this.follows(collection)) return { currency, amount: total }
    const stays = currency !== collection.currency || ["completed", "canceled"].includes(statusIn(collection))
    const { authorized } = totalsOf(collection.payments)
    return { currency: collection.currency, amount: stays ? collection.amount : Math.max(total, authorized) }
  }

  /** What is left to pay. */
  private due(collection: Collection): { currency: Currency; amount: number } {
    const { currency, amount } = this.figures(collection)
    const { authorized } = totalsOf(collection.payments)
    const status = statusIn(collection)
    const isPayable = PAYABLE.includes(status) || (status === "authorized" && amount > authorized)
    if (!isPayable || (authorized > 0 && amount <= authorized)) throw new Refusal(NOT_ALLOWED)
    return { currency, amount: amount - authorized }
  }

  private open(collection: Collection, provider: Provider, data: string): void {
    const wanted = this.due(collection)
    const figures = this.figures(collection)
    this.displace(collection, provider)
    const { session } = collection
    if (session) {
      const { amount, currency } = session
      const isSame = amount === wanted.amount && currency === wanted.currency && session.data === data
      if (isSame && session.status !== "error") {
        adopt(collection, figures)
        return
      }
      this.update(collection, session, data)
      return
    }
    adopt(collection, figures)
    const { amount } = wanted
    const effect = this.ask("initiate", provider, amount)
    collection.session = {
      id: "new",
      provider,
      currency: wanted.currency,
      amount,
      data,
      status: openedStatus(effect),
      bank: { asked: lessIf(effect, amount), authorized: 0, isWaiting: false },
    }
  }

  private displace(collection: Collection, provider: Provider): void {
    const { amount } = this.due(collection)
    if (provider !== SYSTEM && amount === 0) throw new Refusal(INVALID)
    this.report(collection)
    const { session } = collection
    if (session && session.provider !== provider) this.cancelSession(collection, session)
  }

  private update(collection: Collection, session: Session, data: string): void {
    const figures = this.figures(collection)
    const amount = figures.amount - totalsOf(collection.payments).authorized
    const effect = this.ask("update", session.provider, amount, {
      isImpossible: session.bank.authorized > 0,
      // One that failed before, and cannot be mended either, makes way for a new one; a declined card may be better later.
      onDeclined: (effect) => {
        if (session.status === "error" && effect !== "decline") delete collection.session
      },
    })
    const status = openedStatus(effect)
    Object.assign(session, { amount, currency: figures.currency, data, status })
    session.bank.asked = lessIf(effect, amount)
    adopt(collection, figures)
  }

  private cancelSession(collection: Collection, session: Session): void {
    if (this.ask("cancel", session.provider, session.amount) === "pending_async") throw new Unsettled(CONFLICT)
    delete collection.session
  }

  private authorizeById(collection: Collection, sessionId: string): void {
    const { session, payments } = collection
    if (session?.id === sessionId) {
      this.authorize(collection, session)
      return
    }
    const payment = payments.find((candidate) => candidate.sessionId === sessionId)
    // The session of a payment that was canceled before anything was captured is gone with it.
    if (!payment || (payment.isCanceled && payment.captured === 0)) throw new Refusal(NOT_FOUND)
  }

  private authorize(collection: Collection, session: Session): void {
    const due = this.due(collection)
    if (session.amount !== due.amount || session.currency !== due.currency) throw new Refusal(CONFLICT)
    const { bank, provider } = session
    const effect = this.ask("authorize", provider, session.amount, {
      onDeclined: () => {
        session.status = "error"
        this.report(collection)
      },
    })
    const isWaiting = effect === "pending_async" || (effect !== "require_more" && bank.isWaiting)
    if (isWaiting || effect === "require_more" || effect === "pending") {
      session.status = isWaiting ? "pending_authorization" : openedStatus(effect)
      bank.isWaiting ||= isWaiting
      return
    }
    const amount = bank.authorized > 0 ? bank.authorized : lessIf(effect, bank.asked)
    const { id: sessionId, currency } = session
    const nothing = { captured: 0, refunded: 0, isCanceled: false }
    collection.payments.push({ id: "new", sessionId, provider, currency, amount, authorized: amount, ...nothing })
    delete collection.session
    settleStatus(collection)
    this.report(collection)
  }

  private capture(collection: Collection, payment: Payment, requested: number | undefined): void {
    const isSingle = payment.provider === "pp_fake_single"
    if (payment.isCanceled) throw new Refusal(isSingle && payment.captured > 0 ? NOT_ALLOWED : INVALID)
    const rest = payment.authorized - payment.captured
    const amount = requested ?? rest
    // What is captured in full stays so, whatever amount is asked for.
    if (rest === 0 && payment.captured > 0) return
    if (amount > rest) throw new Refusal(INVALID)
    if (amount === 0) return
    const effect = this.move("capture", collection, payment, amount)
    payment.captured += lessIf(effect, amount)
    if (isSingle && payment.captured < payment.authorized) cancelRest(payment)
    settleStatus(collection)
    this.report(collection)
  }

  private refund(collection: Collection, payment: Payment, requested: number | undefined): void {
    const rest = payment.captured - payment.refunded
    const amount = requested ?? rest
    if (amount > rest || amount === 0) throw new Refusal(INVALID)
    payment.refunded += lessIf(this.move("refund", collection, payment, amount), amount)
    this.report(collection)
  }

  private cancel(collection: Collection, payment: Payment): void {
    if (payment.isCanceled) return
    const rest = payment.authorized - payment.captured
    if (rest === 0) throw new Refusal(NOT_ALLOWED)
    this.move("cancel", collection, payment, rest)
    cancelRest(payment)
    const { payments, session } = collection
    const isHeld = payments.some(({ isCanceled, captured }) => !isCanceled || captured > 0)
    collection.isGivenUp = !isHeld && session === undefined
    this.report(collection)
  }

  /** Who is admitted goes on whatever others do in between. */
  private mark(collection: Collection, provider: Provider, part: "mark" | "admit" | "proceed"): void {
    if (part !== "proceed") this.admit(collection, provider)
    if (part !== "admit") this.payOtherwise(collection, provider)
  }

  private admit(collection: Collection, provider: Provider): void {
    const status = statusIn(collection)
    if (status === "completed" || (status !== "not_paid" && !collection.isMarked)) throw new Refusal(NOT_ALLOWED)
    if (collection.isMarked) return
    if (provider !== SYSTEM && this.due(collection).amount === 0) throw new Refusal(INVALID)
    collection.isMarked = true
  }

  private payOtherwise(collection: Collection, provider: Provider): void {
    let asked: Session | undefined
    while (!collection.isCompleted) {
      const payment = collection.payments.find(({ isCanceled, captured, amount }) => !isCanceled && captured < amount)
      const { session } = collection
      if (payment) {
        this.waiting(() => {
          this.capture(collection, payment, undefined)
        })
        continue
      }
      if (session && session === asked) throw new Refusal(NOT_ALLOWED)
      if (session && this.isReady(session, collection, provider)) {
        asked = session
        this.authorize(collection, session)
      } else {
        this.open(collection, provider, session?.data ?? "{}")
      }
    }
  }

  private isReady({ provider, amount, currency, status }: Session, collection: Collection, wanted: Provider): boolean {
    const due = this.due(collection)
    if (wanted !== SYSTEM && due.amount === 0) throw new Refusal(INVALID)
    this.report(collection)
    return status !== "error" && provider === wanted && amount === due.amount && currency === due.currency
  }

  private delete(collection: Collection): void {
    if (statusIn(collection) !== "not_paid") throw new Refusal(NOT_ALLOWED)
    if (collection.session) this.cancelSession(collection, collection.session)
    collection.isDeleted = true
  }

  /** Moves money; what the bank has only taken on is answered and stays open. */
  private move(
    method: "capture" | "refund" | "cancel",
    collection: Collection,
    { provider }: Payment,
    amount: number,
  ): Fault {
    const effect = this.ask(method, provider, amount, {
      onDeclined: () => {
        this.report(collection)
      },
    })
    if (effect === "pending_async") throw new Unsettled(OK)
    return effect
  }

  /** Who needs the outcome for the next step waits for it, until the deadline. */
  private waiting(step: () => void): void {
    try {
      step()
    } catch (error) {
      throw error instanceof Unsettled && error.answer === OK ? new Unsettled(CONFLICT) : error
    }
  }

  /** One call to a bank. The system provider has none. */
  private ask(
    method: BankRequest["method"],
    provider: Provider,
    amount: number,
    {
      isImpossible = false,
      onDeclined = () => {},
    }: { isImpossible?: boolean; onDeclined?: (effect: Fault) => void } = {},
  ): Fault {
    if (provider === SYSTEM) return "succeed"
    const effect = effectOf(method, amount, this.faults.shift() ?? "succeed")
    if (isUnknown(effect)) throw new Unsettled(UNKNOWN)
    if (!isImpossible && effect !== "decline" && effect !== "refuse") return effect
    onDeclined(isImpossible ? "refuse" : effect)
    throw new Refusal(effect === "decline" && !isImpossible ? DECLINED : REFUSED)
  }

  private collection(id: string): Collection {
    const collection = this.world.collections.find((candidate) => candidate.id === id && !candidate.isDeleted)
    if (!collection) throw new Refusal(NOT_FOUND)
    return collection
  }

  private payment(id: string): [Collection, Payment] {
    for (const collection of this.world.collections) {
      const payment = collection.payments.find((candidate) => candidate.id === id)
      if (payment) return [collection, payment]
    }
    throw new Refusal(NOT_FOUND)
  }

  private cartAt(index: number) {
    const cart = this.world.carts[index]
    if (!cart) throw new Error(`There is no cart ${index}`)
    return cart
  }
}

function adopt(collection: Collection, figures: { currency: Currency; amount: number }): void {
  Object.assign(collection, figures)
  if (collection.reported !== null && figures.amount >= collection.reported) collection.reported = null
  settleStatus(collection)
}

function finish({ bank }: Session, end: "succeed" | "decline"): void {
  if (bank.isWaiting && end === "succeed" && bank.authorized === 0) bank.authorized = bank.asked
  bank.isWaiting = false
}

function cancelRest(payment: Payment): void {
  Object.assign(payment, { isCanceled: true, authorized: payment.captured })
}

function openedStatus(effect: Fault): string {
  if (effect === "require_more") return "requires_more"
  return effect === "pending_async" ? "pending_authorization" : "pending"
}

function lessIf(effect: Fault, amount: number): number {
  return effect === "report_less" ? amount - 1 : amount
}
