import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises"
import { FakeBank, type BankAnswer, type BankRequest } from "../support/fake-bank.js"
import { BankLine } from "../support/fake-provider.js"
import { behaviourOf, delayOf, effectOf, SLOW, type Fault } from "./faults.js"

/**
 * What the bank itself refuses here without being wrong: a session whose shopper has paid cannot change any more. If that
 * response is lost, the look-up returns it.
 */
const HONEST_REFUSALS = ["update: This was authorized.", "lookUp: This was authorized."]

/** The words of a refusal that a script asked for. */
const SCRIPTED_REFUSAL = "The provider does not do this."

/** The bank of one sequence of commands, and what is to go wrong with the next calls that arrive at it. */
export class Lane {
  readonly bank = new FakeBank()
  /** What the bank refused by its own books: the service asked for what cannot be. */
  readonly surprises: string[] = []
  /** How often the bank refused on its own and was right to. */
  honestRefusals = 0
  /** What happened to the calls since the last look. */
  readonly effects: Fault[] = []
  private faults: Fault[] = []

  /** One fault for each call, in the order in which they arrive. */
  script(faults: readonly Fault[]): void {
    this.faults = [...faults]
    this.effects.length = 0
  }

  async take(request: BankRequest): Promise<BankAnswer> {
    const effect = effectOf(request.method, Number(request.amount), this.faults.shift() ?? "succeed")
    this.effects.push(effect)
    await (delayOf(effect) > 0 ? sleep(delayOf(effect)) : turn())
    this.bank.script(this.kindOf(request), behaviourOf(effect))
    const answer = await this.bank.take(request)
    this.note(request, answer)
    if (effect === "slow_after") await sleep(SLOW)
    return answer
  }

  /** A cancel is of a session or of a payment, by the bank's books. */
  private kindOf({ method, sessionId }: BankRequest) {
    if (method !== "cancel") return method
    const account = this.bank.books.get(sessionId)
    return account && account.authorized > 0n ? "cancel_payment" : "cancel_session"
  }

  private note({ method }: BankRequest, answer: BankAnswer): void {
    if (answer.line !== "answer" || answer.outcome.outcome !== "declined") return
    const { code, message } = answer.outcome
    if (code !== "bank_refused" || message === SCRIPTED_REFUSAL) return
    const refusal = `${method}: ${message}`
    if (HONEST_REFUSALS.includes(refusal)) this.honestRefusals++
    else this.surprises.push(`the bank refused a call by its own books: ${refusal}`)
  }
}

/** Sequences run side by side over one service; every call finds the bank of its own by the customer who pays. */
export class Switchboard extends BankLine {
  private readonly lanes = new Map<string, Lane>()
  private readonly bySession = new Map<string, Lane>()

  open(customerId: string): Lane {
    const lane = new Lane()
    this.lanes.set(customerId, lane)
    return lane
  }

  close(customerId: string): void {
    const lane = this.lanes.get(customerId)
    this.lanes.delete(customerId)
    for (const [sessionId, owner] of this.bySession) if (owner === lane) this.bySession.delete(sessionId)
  }

  async send(request: BankRequest): Promise<BankAnswer> {
    const lane = this.bySession.get(request.sessionId) ?? this.lanes.get(customerOf(request))
    if (!lane) throw new Error(`Nobody knows whose session ${request.sessionId} is`)
    this.bySession.set(request.sessionId, lane)
    return lane.take(request)
  }
}

function customerOf({ rest }: BankRequest): string {
  const { context } = rest as { context: { customer?: { id?: string } } }
  return context.customer?.id ?? ""
}
