import { Injectable } from "@nestjs/common"
import DataLoader from "dataloader"
import { DataSource } from "typeorm"
import { excerpt, InvalidData, NotFound } from "../common/errors.js"
import { newId } from "../common/ids.js"
import { findUnstorable } from "../common/json.js"
import { prepared } from "../database/statements/prepared.js"
import type { ProviderEvent, WebhookRequest, WebhookSource } from "../payment-providers/contract/index.js"
import { PaymentProviderRegistry } from "../payment-providers/calls/payment-provider.registry.js"
import { WebhookWorker } from "./webhook-worker.js"

/** Events that are written by one statement, at most. */
const AT_ONCE = 20

/** A row but for its last column, when it is to be applied: now. */
type ReceivedRow = [
  id: string,
  providerId: string,
  externalId: string,
  type: string,
  reference: string,
  sessionId: string | null,
  payload: string | null,
]

/** One row per event, however often it is told. Durable when it returns. */
function receiveStatement(rows: readonly ReceivedRow[]): string {
  let parameters = 0
  const values = rows.map((row) => `(${row.map(() => `$${++parameters}`).join(", ")}, now())`)
  return prepared`INSERT INTO webhook_event
    (id, provider_id, external_id, type, reference, payment_session_id, payload, next_attempt_at)
    VALUES ${values.join(", ")} ON CONFLICT (provider_id, external_id) DO NOTHING`
}

/** Takes in what providers tell: verified, kept, acknowledged; it is applied afterwards. */
@Injectable()
export class WebhookInbox {
  /** Events that arrive at once share a statement, as PostgreSQL's transactions share a flush. */
  private readonly inserts = new DataLoader<ReceivedRow, true>(
    async (rows) => {
      // In one order for all: two statements with the same events would else wait for each other.
      const sorted = rows.toSorted(([, , one], [, , other]) => (one < other ? -1 : 1))
      await this.dataSource.query(receiveStatement(sorted), sorted.flat())
      return rows.map(() => true)
    },
    { cache: false, maxBatchSize: AT_ONCE, batchScheduleFn: (insert) => setImmediate(insert) },
  )

  constructor(
    private readonly dataSource: DataSource,
    private readonly registry: PaymentProviderRegistry,
    private readonly worker: WebhookWorker,
  ) {}

  /**
   * Keeps a genuine event, once. Returns when it is durable.
   * @param name the provider's id, with or without `pp_`
   * @throws NotFound when the provider is not there, or is not set up for webhooks
   * @throws InvalidData when it is not genuine; then nothing is kept
   */
  async receive(name: string, request: WebhookRequest): Promise<void> {
    const providerId = name.startsWith("pp_") ? name : `pp_${name}`
    const received = this.sourceOf(providerId).receive(request)
    switch (received.verdict) {
      case "forged":
        throw forgedWebhook(received.reason)
      case "ignored":
        return
      case "event":
        await this.keep(providerId, received.event)
        this.worker.wake()
    }
  }

  private sourceOf(providerId: string): WebhookSource {
    const source = this.registry.has(providerId) ? this.registry.get(providerId).webhooks : undefined
    if (!source) throw takesNoWebhooks(providerId)
    return source
  }

  private async keep(providerId: string, { payload, ...about }: ProviderEvent): Promise<void> {
    const unstorable = findUnstorable(about, "event")
    if (unstorable) throw forgedWebhook(unstorable.message)
    const { id, type, reference, sessionId } = about
    await this.inserts.load([
      newId("whe"),
      providerId,
      id,
      type,
      reference,
      sessionId ?? null,
      // What PostgreSQL cannot keep is not worth losing the event for.
      findUnstorable(payload, "payload") ? null : JSON.stringify(payload),
    ])
  }
}

export function takesNoWebhooks(providerId: string): NotFound {
  return new NotFound(
    `Payment provider ${excerpt(providerId)} takes no webhooks here. Check its id, and that its webhook secret is configured.`,
  )
}

/** @param reason why it cannot be an event of the provider */
export function forgedWebhook(reason: string): InvalidData {
  return new InvalidData(`Webhook Error: ${reason}`)
}
