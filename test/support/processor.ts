import type { DataSource } from "typeorm"
import type { BankCall, FakeBank } from "./fake-bank.js"
import { booksMatch } from "./books-match.js"
import { FAKE_PROVIDER_IDS } from "./fake-provider.js"

export type CallKind = BankCall["kind"]

/** Whoever moves the money, and has books of it: what a test needs in which the service dies. */
export interface Processor {
  /** By which the service's process finds it. */
  readonly env: Readonly<Record<string, string>>
  /** What is paid with; what a shopper changes to; what captures once. */
  readonly providers: Readonly<Record<"usual" | "other" | "once", string>>
  /** Two versions of what a storefront sends with a session: one text, by any name. */
  readonly data: Readonly<Record<"a" | "b", Readonly<Record<string, string>>>>
  /** Whether an authorization takes a shopper. Then nothing can be marked as paid, which is a session and all else in one. */
  readonly needsShopper: boolean
  /** Kinds of calls that change nothing there, and come without a key. */
  readonly keyless: readonly CallKind[]

  /** Calls of a kind that arrived, whatever became of them. */
  count(kind: CallKind): number
  /** The next call of a kind stays without an answer: it is not done, or it is. */
  hang(kind: CallKind, when: "before" | "after"): void
  /** The next call of a kind gets lost, however often it is tried. */
  lose(kind: CallKind): void
  /** The shopper does their part. */
  pays(sessionId: string, capturesOnce?: boolean): void
  /** The keys of the calls that arrived, by the sessions that they were about. */
  keysOf(sessionIds: ReadonlySet<string>): Set<string>
  /** What its books and ours of some collections differ in, one line each, once every call is settled. */
  differences(database: Pick<DataSource, "query">, collectionIds: readonly string[]): Promise<string[]>
}

/** A bank, of which a shopper asks nothing. */
export class BankProcessor implements Processor {
  readonly env: Processor["env"]
  readonly providers = { usual: "pp_fake_default", other: "pp_fake_single", once: "pp_fake_single" }
  readonly data = { a: { token: "a" }, b: { token: "b" } }
  readonly needsShopper = false
  readonly keyless = []

  constructor(
    private readonly bank: FakeBank,
    url: string,
  ) {
    this.env = { FAKE_BANK_URL: url }
  }

  count(kind: CallKind): number {
    return this.bank.calls.filter((call) => call.kind === kind).length
  }

  hang(kind: CallKind, when: "before" | "after"): void {
    this.bank.script(kind, when === "before" ? "hang" : "hang_after")
  }

  lose(kind: CallKind): void {
    this.bank.script(kind, "fail_before")
  }

  pays(): void {
    // It authorizes whatever it is asked for.
  }

  keysOf(sessionIds: ReadonlySet<string>): Set<string> {
    const calls = this.bank.calls.filter(({ kind, sessionId }) => kind !== "lookUp" && sessionIds.has(sessionId))
    return new Set(calls.map(({ idempotencyKey }) => idempotencyKey))
  }

  async differences(database: Pick<DataSource, "query">, collectionIds: readonly string[]): Promise<string[]> {
    const differences = await booksMatch({ dataSource: database as DataSource }, this.bank, FAKE_PROVIDER_IDS)
    const rows = await database.query<{ id: string }[]>(
      "SELECT id FROM payment_session WHERE payment_collection_id <> ALL($1)",
      [collectionIds],
    )
    const others = new Set(rows.map(({ id }) => id))
    return differences.filter((line) => !others.has(line.split(":")[0] ?? ""))
  }
}
