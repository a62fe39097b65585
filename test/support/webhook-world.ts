import { newSession } from "./factories.js"
import { TestService, type Answer, type StartOptions } from "./service.js"
import { referenceOf, signed, TellingAccount } from "./telling-account.js"
import { tellingProviders } from "./telling-provider.js"

/** Milliseconds after which what has to come about has not. */
const DEADLINE = 15_000

/** What the service keeps of an event that it was told. */
export interface InboxRow {
  id: string
  state: string
  attempts: number
  payload: unknown
  last_error: string | null
  payment_session_id: string | null
  next_attempt_at: Date | null
  handled_at: Date | null
}

let told = 0

/** The service, with an account of a provider that tells it what happens. */
export class WebhookWorld {
  private constructor(
    readonly service: TestService,
    /** Of pp_telling_default and pp_telling-bank_default. */
    readonly account: TellingAccount,
    /** Of pp_telling_other. */
    readonly other: TellingAccount,
  ) {}

  static async start(env: Record<string, string> = {}, options: StartOptions = {}): Promise<WebhookWorld> {
    const [account, other] = [new TellingAccount(), new TellingAccount()]
    const modules = [...(options.modules ?? []), tellingProviders(account, other)]
    const service = await TestService.start(env, { ...options, modules })
    return new WebhookWorld(service, account, other)
  }

  /** Another instance on the same database, with the same accounts. */
  async startAnother(env: Record<string, string> = {}): Promise<TestService> {
    const modules = [tellingProviders(this.account, this.other)]
    return TestService.startOn(this.service.connection, env, { modules })
  }

  /** Sends a genuine webhook about a session; unless said otherwise it is a new one. */
  async send(sessionId: string, about: Record<string, unknown> = {}, instance = this.service): Promise<Answer> {
    const event = { id: `te_${told++}`, type: "payment.changed", reference: referenceOf(sessionId), ...about }
    const body = JSON.stringify(event)
    return instance.call("POST", "/hooks/payment/telling_default", body, signed(body))
  }

  /** Tells that something has happened to a session, and waits until that is through: applied, unless said otherwise. */
  async tell(sessionId: string, state = "applied", about: Record<string, unknown> = {}): Promise<InboxRow> {
    const { id = `te_${told++}` } = about
    await this.send(sessionId, { ...about, id })
    return this.becomes(String(id), state)
  }

  /** Waits until an event is in a state. */
  async becomes(externalId: string, state: string): Promise<InboxRow> {
    let row: InboxRow | undefined
    await until(async () => {
      row = await this.row(externalId)
      return row?.state === state && (state !== "pending" || row.last_error !== null)
    }, `${externalId} to be ${state}`).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(row)}`)
    })
    if (!row) throw new Error(`${externalId} is not there`)
    return row
  }

  async row(externalId: string): Promise<InboxRow | undefined> {
    const [row] = await this.sql<InboxRow>("SELECT * FROM webhook_event WHERE external_id = $1", [externalId])
    return row
  }

  async sql<T = any>(statement: string, parameters: unknown[] = []): Promise<T[]> {
    return this.service.dataSource.query<T[]>(statement, parameters)
  }

  /** A collection with an open session of the account's. */
  async session(provider = "pp_telling_default") {
    return newSession(this.service, {}, { provider_id: provider })
  }

  /** A session that was paid, and told so. */
  async payment(captured = 0n) {
    const { id, sessionId, cartId } = await this.session()
    this.account.pay(sessionId, { captured })
    await this.tell(sessionId)
    const [payment] = (await this.collection(id)).payments
    return { id, cartId, sessionId, paymentId: String(payment.id) }
  }

  openSession(id: string, provider: string, data?: object): Promise<Answer> {
    const request = { provider_id: provider, ...(data && { data }) }
    return this.service.store("POST", `/store/payment-collections/${id}/payment-sessions`, request)
  }

  authorize(id: string, sessionId: string): Promise<Answer> {
    return this.service.store("POST", `/store/payment-collections/${id}/payment-sessions/${sessionId}/authorize`)
  }

  act(paymentId: string, name: "capture" | "refund" | "cancel", body?: object): Promise<Answer> {
    return this.service.admin("POST", `/admin/payments/${paymentId}/${name}`, body)
  }

  async collection(id: string): Promise<any> {
    const fields = "+authorized_amount,+captured_amount,+refunded_amount,*payments.captures,*payments.refunds"
    const { body } = await this.service.admin("GET", `/admin/payment-collections/${id}?fields=${fields}`)
    return body.payment_collection
  }

  async payments(id: string): Promise<any[]> {
    return this.sql(
      `SELECT payment.*, (SELECT count(*)::int FROM capture WHERE payment_id = payment.id) AS captures,
         (SELECT count(*)::int FROM refund WHERE payment_id = payment.id) AS refunds
       FROM payment WHERE payment_collection_id = $1 ORDER BY id`,
      [id],
    )
  }

  /** What the feed tells of a collection, in its order. */
  async facts(id: string): Promise<{ name: string; data: Record<string, any> }[]> {
    const all: { id: string; name: string; data: Record<string, any> }[] = []
    for (let hasMore = true; hasMore;) {
      const after = all.length > 0 ? `&after=${String(all.at(-1)?.id)}` : ""
      const { body } = await this.service.admin("GET", `/admin/events?limit=1000${after}`)
      all.push(...body.events)
      hasMore = body.has_more
    }
    return all.filter(({ data }) => data["id"] === id || data["payment_collection_id"] === id)
  }

  async factNames(id: string): Promise<string[]> {
    return (await this.facts(id)).map(({ name }) => name)
  }
}

/** Waits until a condition holds. */
export async function until(holds: () => boolean | Promise<boolean>, what = "it"): Promise<void> {
  for (const start = Date.now(); !(await holds());) {
    if (Date.now() - start > DEADLINE) throw new Error(`Waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
