import { Module, type DynamicModule } from "@nestjs/common"
import { RegisterPaymentProvider } from "../../src/payment-providers/contract/index.js"
import type {
  AccountHolderCall,
  AccountHolders,
  Gone,
  ProviderData,
  ProviderResult,
  SavedMethod,
} from "../../src/payment-providers/contract/index.js"
import { FakeBank } from "./fake-bank.js"
import { FakePaymentProvider, LineInside } from "./fake-provider.js"

/** What the books do with a call. Without a script they do what they are asked for. */
export type BooksBehaviour =
  /** Neither does it nor answers, and does not care that nobody waits any more. */
  | "hang"
  /** Drops the line without doing it. */
  | "fail_before"
  /** Does it and drops the line. */
  | "fail_after"
  /** Does nothing and answers this, whether it is a result or not. */
  | { readonly answer: unknown }
  /** A barrier. */
  | { readonly wait: Promise<void>; readonly then?: BooksBehaviour }

export interface BooksCall {
  readonly method: keyof AccountHolders
  readonly idempotencyKey?: string
  readonly signal: AbortSignal
}

interface FakeCustomer {
  readonly customer: AccountHolderCall["customer"]
  readonly methods: Map<string, SavedMethod>
}

/** A provider's books of customers, in memory. A call whose key came before is answered as it was, and does nothing. */
export class FakeBooks implements AccountHolders {
  readonly calls: BooksCall[] = []
  readonly customers = new Map<string, FakeCustomer>()
  private readonly answers = new Map<string, unknown>()
  private readonly scripts = new Map<BooksCall["method"], BooksBehaviour[]>()
  private waiting: { count: number; arrived: () => void }[] = []
  private made = 0

  /** What to do with the next call of that kind; scripts queue up. */
  script(method: BooksCall["method"], behaviour: BooksBehaviour): void {
    this.scripts.set(method, [...(this.scripts.get(method) ?? []), behaviour])
  }

  /** Holds the next call of that kind until it is released. */
  hold(method: BooksCall["method"], then?: BooksBehaviour): () => void {
    let release: () => void = () => {}
    this.script(method, { wait: new Promise((resolve) => (release = resolve)), then })
    return () => {
      release()
    }
  }

  /** Waits until so many calls have arrived since the last reset. */
  async arrived(count: number): Promise<void> {
    if (this.calls.length >= count) return
    await new Promise<void>((arrived) => this.waiting.push({ count, arrived }))
  }

  callsOf(method: BooksCall["method"]): BooksCall[] {
    return this.calls.filter((call) => call.method === method)
  }

  /** Forgets calls and scripts; what is in the books stays. */
  reset(): void {
    this.calls.length = 0
    this.scripts.clear()
    this.waiting = []
  }

  create({ idempotencyKey: key, replaces, customer, signal }: AccountHolderCall) {
    const idempotencyKey = replaces === undefined ? key : `${key}-${replaces}`
    return this.answer({ method: "create", idempotencyKey, signal }, () => {
      const id = `books_cus_${this.made++}`
      this.customers.set(id, { customer, methods: new Map() })
      return succeeded({ id })
    })
  }

  remove(holderId: string, signal: AbortSignal) {
    return this.answer({ method: "remove", signal }, () => {
      this.customers.delete(holderId)
      return succeeded(null)
    })
  }

  listMethods(holderId: string, signal: AbortSignal) {
    return this.answer<SavedMethod[]>({ method: "listMethods", signal }, () => {
      const methods = this.customers.get(holderId)?.methods
      return methods ? succeeded([...methods.values()]) : GONE
    })
  }

  saveMethod(holderId: string, data: ProviderData, idempotencyKey: string, signal: AbortSignal) {
    return this.answer<SavedMethod>({ method: "saveMethod", idempotencyKey, signal }, () => {
      const methods = this.customers.get(holderId)?.methods
      if (!methods) return GONE
      const method = { id: `books_pm_${this.made++}`, data: { ...data, client_secret: `secret_${this.made++}` } }
      methods.set(method.id, method)
      return succeeded(method)
    })
  }

  removeMethod(holderId: string, methodId: string, signal: AbortSignal) {
    return this.answer<null>({ method: "removeMethod", signal }, () => {
      const methods = this.customers.get(holderId)?.methods
      if (!methods) return GONE
      return methods.delete(methodId)
        ? succeeded(null)
        : { outcome: "declined", message: "No such method.", code: "not_found", refusedBy: "caller" }
    })
  }

  private async answer<T>(call: BooksCall, act: () => ProviderResult<T>): Promise<ProviderResult<T>> {
    this.calls.push(call)
    for (const { count, arrived } of this.waiting) if (this.calls.length >= count) arrived()
    let behaviour = this.scripts.get(call.method)?.shift()
    while (typeof behaviour === "object" && "wait" in behaviour) {
      await behaviour.wait
      behaviour = behaviour.then
    }
    if (behaviour === "hang") return new Promise(() => {})
    if (behaviour === "fail_before") throw new Error("The line to the books broke")
    const done = this.once(call, behaviour === undefined || behaviour === "fail_after" ? act : () => behaviour.answer)
    if (behaviour === "fail_after") throw new Error("The line to the books broke")
    return done as ProviderResult<T>
  }

  private once({ idempotencyKey }: BooksCall, act: () => unknown): unknown {
    if (idempotencyKey === undefined) return act()
    if (!this.answers.has(idempotencyKey)) this.answers.set(idempotencyKey, act())
    return this.answers.get(idempotencyKey)
  }
}

function succeeded<T>(value: T): ProviderResult<T> {
  return { outcome: "succeeded", value }
}

const GONE: Gone = { outcome: "gone", object: "account_holder" }

export const BOOKS_PROVIDER_ID = "pp_fake_books"

/** A provider that has books of its customers. */
@RegisterPaymentProvider()
class ProviderWithBooks extends FakePaymentProvider {
  override readonly id = BOOKS_PROVIDER_ID

  constructor(
    readonly accountHolders: FakeBooks,
    bank: FakeBank,
  ) {
    super(new LineInside(bank))
  }
}

@Module({})
class FakeBooksModule {}

/** The provider as a Nest module, over books that the test keeps in hand. */
export function providerWithBooks(books: FakeBooks, bank = new FakeBank()): DynamicModule {
  return {
    module: FakeBooksModule,
    providers: [{ provide: ProviderWithBooks, useValue: new ProviderWithBooks(books, bank) }],
  }
}
