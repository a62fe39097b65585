import { Injectable } from "@nestjs/common"
import { DataSource } from "typeorm"
import { excerpt, NotFound } from "../common/errors.js"
import { OperationInProgress } from "../payment-providers/calls/call.errors.js"
import type { Selection } from "../api/fields/fields.js"
import { LeasedWork } from "../database/leased-work.js"
import { Leases, RELEASE_SQL, type Lease } from "../database/leases.js"
import { readGraph, reviveWholeRow, ROOT, wholeRowJson, type Json } from "../database/statements/read-graph.js"
import { readList } from "../api/lists/read-list.js"
import type { PageOf } from "../database/statements/read-page.js"
import { prepared } from "../database/statements/prepared.js"
import { sqlList } from "../payment-model/status.js"
import { PaymentProviderRegistry } from "../payment-providers/calls/payment-provider.registry.js"
import { StateApplier, type Verdict } from "./state-applier.js"
import { WEBHOOK_EVENT_FILTERS, type ListWebhookEventsQuery } from "./webhook-event.dto.js"
import { WAITING_STATES, WebhookEvent } from "./webhook-event.entity.js"
import { nextAttemptAt, nextLookAt } from "./webhook-event.rules.js"

const WAITING = `state IN (${sqlList(WAITING_STATES)})`

/** Characters that are kept of why an event could not be applied. */
const ERROR_LENGTH = 500

/** The inbox of what providers told: applying it, and what operators see of it. */
@Injectable()
export class WebhooksService {
  private readonly work: LeasedWork

  constructor(
    private readonly dataSource: DataSource,
    private readonly registry: PaymentProviderRegistry,
    private readonly states: StateApplier,
    private readonly leases: Leases,
  ) {
    this.work = new LeasedWork(dataSource, leases, "webhook_event", WAITING)
  }

  async list(query: ListWebhookEventsQuery, selection: Selection): Promise<PageOf<WebhookEvent>> {
    return readList<WebhookEvent>(this.dataSource.manager, selection, WEBHOOK_EVENT_FILTERS, query)
  }

  /** @throws NotFound */
  async get(id: string, selection: Selection): Promise<WebhookEvent> {
    const query = { where: `${ROOT}.id = $1`, parameters: [id] }
    const [event] = await readGraph<WebhookEvent>(this.dataSource.manager, selection, query)
    if (!event) throw webhookEventNotFound(id)
    return event
  }

  /** Applies an event now, whatever has become of it; with all its attempts before it again. @throws NotFound, Conflict */
  async replay(id: string, selection: Selection): Promise<WebhookEvent> {
    await this.get(id, selection)
    const claimed = await this.work.claimAgain(id, "attempts = 1, state = 'pending', handled_at = NULL")
    if (claimed === undefined) {
      throw new OperationInProgress(
        undefined,
        `Webhook event ${id} is being applied at the moment. Look at it again later.`,
      )
    }
    await this.apply(claimed)
    return this.get(id, selection)
  }

  /** Claims events that are due; at most so many. Several instances share the work. */
  async claimDue(limit: number): Promise<Lease[]> {
    return this.work.claimDue(this.registry.ids, limit)
  }

  /** Applies a claimed event, and keeps what has become of it. */
  async apply(lease: Lease): Promise<void> {
    await this.leases.whileHeld(lease, () => this.applyHeld(lease))
  }

  private async applyHeld(lease: Lease): Promise<void> {
    const { event, told } = await this.find(lease.id)
    const verdict = await this.states.apply(event, lease)
    if (verdict.verdict === "applied") await this.close(lease, told, "applied", verdict.sessionId)
    else if (verdict.verdict === "ignored") await this.close(lease, [lease.id], "ignored", null)
    else await this.postpone(lease, event, verdict)
  }

  /**
   * Closes a claimed event, and with it the others that its answer covers, whether they are claimed or not. Their rows are
   * locked in one order: another process may be closing the same ones.
   */
  private async close(
    { id, token }: Lease,
    ids: string[],
    state: "applied" | "ignored",
    sessionId: string | null,
  ): Promise<void> {
    await this.dataSource.query(
      prepared`WITH waiting AS MATERIALIZED (
        SELECT id, claim_token FROM webhook_event WHERE id = ANY($1) AND ${WAITING} ORDER BY id FOR UPDATE
      ) UPDATE webhook_event SET state = $2, payment_session_id = coalesce($3, payment_session_id), payload = NULL,
        next_attempt_at = NULL, ${RELEASE_SQL}, last_error = NULL, handled_at = now(), updated_at = now()
        WHERE id IN (SELECT id FROM waiting) AND EXISTS (SELECT FROM waiting WHERE id = $4 AND claim_token = $5)`,
      [ids, state, sessionId, id, token],
    )
  }

  private async postpone(
    { token }: Lease,
    event: WebhookEvent,
    { verdict, reason }: Extract<Verdict, { reason: string }>,
  ): Promise<void> {
    const now = new Date()
    const isUnknown = verdict === "unknown_session"
    // What it waited for its session is no attempt to apply it.
    const attempts = event.state === "parked" && !isUnknown ? 1 : event.attempts
    const next = isUnknown ? nextLookAt(event, now) : nextAttemptAt({ attempts }, now)
    const state = isUnknown ? "parked" : "pending"
    await this.dataSource.query(
      `UPDATE webhook_event SET state = $2, next_attempt_at = $3, ${RELEASE_SQL}, last_error = $4,
        attempts = $5, payload = CASE WHEN $6 THEN NULL ELSE payload END,
        handled_at = CASE WHEN $3::timestamptz IS NULL THEN now() END, updated_at = now()
        WHERE id = $1 AND ${WAITING} AND claim_token = $7`,
      [
        event.id,
        next ? state : "dead",
        next ?? null,
        reason.replaceAll("\0", "").slice(0, ERROR_LENGTH).toWellFormed(),
        attempts,
        // Nobody's here: what a stranger paid is not kept.
        isUnknown && !next,
        token,
      ],
    )
  }

  /**
   * All of an event, its payload too, and which ones were told of the same payment by now: what the provider is asked after
   * this holds for every one of them.
   */
  private async find(id: string): Promise<{ event: WebhookEvent; told: string[] }> {
    const metadata = this.dataSource.getMetadata(WebhookEvent)
    const [row] = await this.dataSource.query<{ event: Json; told: string[] }[]>(
      prepared`SELECT ${wholeRowJson(metadata, "event")} AS event, ARRAY(
          SELECT told.id FROM webhook_event told WHERE told.provider_id = event.provider_id
          AND told.reference = event.reference AND (told.${WAITING} OR told.id = event.id)
        ) AS told FROM webhook_event event WHERE event.id = $1`,
      [id],
    )
    if (!row) throw webhookEventNotFound(id)
    return { event: Object.assign(new WebhookEvent(), reviveWholeRow(metadata, row.event)), told: row.told }
  }
}

export function webhookEventNotFound(id: string): NotFound {
  return new NotFound(`WebhookEvent id not found: ${excerpt(id)}`)
}
