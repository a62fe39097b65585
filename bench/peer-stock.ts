import { readFileSync, writeFileSync } from "node:fs"
import type { PeerApi } from "./peer-api.js"
import { ROWS, type Ids } from "./rows.js"

/** How far a purchase has come: each stage is reached from the one before. */
const STAGES = ["cart", "collection", "session", "payment", "captured"] as const
export type Stage = (typeof STAGES)[number]

/** Requests under way at once where many are to be brought on. */
const CONCURRENCY = 4

/**
 * The purchases of this run at a Medusa, which go through its API from stage to stage, whether they are measured or
 * not: none is wasted. They begin with a file of ids of carts without a collection, one per line; an id that is taken
 * leaves the file.
 */
export class PeerStock {
  private readonly stock = new Map<Stage, Ids[]>(STAGES.map((stage) => [stage, []]))

  constructor(
    private readonly cartsFile: string,
    private readonly api: PeerApi,
  ) {}

  put(stage: Stage, purchases: Ids[]): void {
    this.at(stage).push(...purchases)
  }

  /** Those that have been in a stage for the longest time; what is missing is brought there from the stage before. */
  async take(stage: Stage, amount: number): Promise<Ids[]> {
    const taken = this.at(stage).splice(0, amount)
    const missing = amount - taken.length
    const before = STAGES[STAGES.indexOf(stage) - 1]
    if (missing > 0)
      taken.push(...(before ? await this.bring(stage, await this.take(before, missing)) : this.draw(missing)))
    // A measured create does not tell which collection it made.
    if (stage === "collection") await inParallel(taken, (ids) => this.learnCollection(ids))
    return taken
  }

  private async bring(stage: Stage, purchases: Ids[]): Promise<Ids[]> {
    switch (stage) {
      case "cart":
      case "collection":
        return purchases
      case "session":
        await inParallel(purchases, (ids) => this.api.store(ROWS.session.request(ids)))
        return purchases
      case "payment":
        await inParallel(purchases, ({ cart }) =>
          this.api.store({ method: "POST", path: `/store/carts/${cart}/complete?fields=id`, body: "{}" }),
        )
        await this.learnPayments(purchases)
        return purchases
      case "captured":
        await inParallel(purchases, (ids) => this.api.admin(ROWS.capture.request(ids)))
        return purchases
    }
  }

  private async learnCollection(ids: Ids): Promise<void> {
    ids.collection ??= (await this.api.store(ROWS.create.request(ids))).payment_collection?.id
  }

  /** What was completed last is what was paid last. */
  private async learnPayments(purchases: Ids[]): Promise<void> {
    const path = `/admin/payments?order=-created_at&limit=${purchases.length}&fields=id,payment_collection_id`
    const { payments = [] } = await this.api.admin({ method: "GET", path })
    const byCollection = new Map(payments.map((payment) => [payment.payment_collection_id, payment.id]))
    for (const ids of purchases) ids.payment = byCollection.get(ids.collection)
  }

  private draw(amount: number): Ids[] {
    const carts = readFileSync(this.cartsFile, "utf8").split("\n").filter(Boolean)
    if (carts.length < amount) {
      throw new Error(`${this.cartsFile} has ${carts.length} carts left, ${amount} are needed`)
    }
    const rest = carts.slice(amount).map((id) => `${id}\n`)
    writeFileSync(this.cartsFile, rest.join(""))
    return carts.slice(0, amount).map((cart) => ({ cart }))
  }

  private at(stage: Stage): Ids[] {
    return this.stock.get(stage) ?? []
  }
}

async function inParallel(purchases: readonly Ids[], act: (ids: Ids) => Promise<unknown>): Promise<void> {
  const left = [...purchases]
  const work = async () => {
    for (let ids = left.shift(); ids; ids = left.shift()) await act(ids)
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work))
}
