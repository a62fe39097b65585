import { Injectable, Logger } from "@nestjs/common"
import { DataSource } from "typeorm"
import { IdempotencyKeyInUse, IdempotencyKeyReused } from "./idempotency.errors.js"
import { newId } from "../common/ids.js"
import { claimSql, isFreeSql, Leases, RELEASE_SQL, type Lease } from "../database/leases.js"
import { PREPARED } from "../database/statements/prepared.js"
import { fromNowSql } from "../database/statements/unit-of-work.js"
import type { StoredResponse } from "./idempotency.rules.js"

/** Hours for which a key is kept. */
const KEPT_FOR = 24

/** Expired keys that the use of one removes at most. */
const REMOVED_AT_ONCE = 10

/**
 * Claims a key that is new, expired, or of the same request where nobody is at it and nothing was answered; that keeps its
 * id. One statement: the unique constraint decides between parallel uses. Expired keys go along with it; they are looked
 * for after the claim and not waited for, so that two claims never wait for each other.
 */
const CLAIM = `${PREPARED}
  WITH removed AS (
    DELETE FROM idempotency_key WHERE id = ANY(ARRAY(
      SELECT id FROM idempotency_key WHERE expires_at <= now() AND (scope, key) <> ($2::text, $3::text)
      ORDER BY expires_at LIMIT ${REMOVED_AT_ONCE} FOR UPDATE SKIP LOCKED
    ))
  )
  INSERT INTO idempotency_key AS known (id, scope, key, request_hash, claim_token, claimed_until, expires_at)
  VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, ${fromNowSql("$6")},
    now() + interval '${KEPT_FOR} hours')
  ON CONFLICT (scope, key) DO UPDATE SET
    id = CASE WHEN known.expires_at <= now() THEN excluded.id ELSE known.id END,
    created_at = CASE WHEN known.expires_at <= now() THEN excluded.created_at ELSE known.created_at END,
    request_hash = excluded.request_hash,
    response = NULL,
    ${claimSql("$5", "$6")},
    expires_at = excluded.expires_at
  WHERE known.expires_at <= now() OR known.request_hash = excluded.request_hash AND known.response IS NULL
    AND ${isFreeSql("known")}
  RETURNING id`

const LOOK_UP = `${PREPARED} SELECT request_hash, response FROM idempotency_key WHERE scope = $1 AND key = $2`

/** Only the holder of the claim writes: a request that lost it to a repeat leaves the response to that one. */
const ANSWER = `${PREPARED}
  UPDATE idempotency_key SET response = $3::json, ${RELEASE_SQL} WHERE id = $1 AND claim_token = $2`

const RELEASE = `${PREPARED}
  UPDATE idempotency_key SET id = $3::text, ${RELEASE_SQL} WHERE id = $1 AND claim_token = $2`

export interface KeyedRequest {
  /** Whose key it is. */
  readonly scope: string
  readonly key: string
  readonly hash: string
}

/**
 * Sees to it that a request with a key runs once, whoever repeats it however often. Each step is one short statement of
 * its own: no connection is held while the request runs.
 */
@Injectable()
export class IdempotencyService {
  private readonly log = new Logger(IdempotencyService.name)

  constructor(
    private readonly dataSource: DataSource,
    private readonly leases: Leases,
  ) {}

  /**
   * The claim to run the request, or what it was answered before.
   * @throws IdempotencyKeyReused when the key came with another request
   * @throws Conflict when the request is running
   */
  async claim({ scope, key, hash }: KeyedRequest): Promise<Lease | { answer: StoredResponse }> {
    const token = this.leases.newToken()
    const values = [newId("idem"), scope, key, hash, token, this.leases.duration]
    const [claimed] = await this.dataSource.query<{ id: string }[]>(CLAIM, values)
    if (claimed) return { table: "idempotency_key", id: claimed.id, token }
    const [known] = await this.dataSource.query<Known[]>(LOOK_UP, [scope, key])
    if (known && known.request_hash !== hash) throw new IdempotencyKeyReused()
    if (known?.response) return { answer: known.response }
    throw new IdempotencyKeyInUse()
  }

  /** Runs the request of a claim, which stays its own for as long as that takes. */
  async run<T>(claim: Lease, work: () => Promise<T>): Promise<T> {
    return this.leases.whileHeld(claim, work)
  }

  /** Keeps the answer for whoever repeats the request. */
  async storeResponse(claim: Lease, answer: StoredResponse): Promise<void> {
    await this.write(ANSWER, claim, () => JSON.stringify(answer))
  }

  /** Lets the request be run again, and take up what it began. */
  async release(claim: Lease): Promise<void> {
    await this.write(RELEASE, claim, () => claim.id)
  }

  /** Lets the request be run again from the start: under another id nothing is found that it began. */
  async restart(claim: Lease): Promise<void> {
    await this.write(RELEASE, claim, () => newId("idem"))
  }

  /** The request was run, and is answered whether this could be written or not; a repeat takes up what it did. */
  private async write(statement: string, { id, token }: Lease, value: () => string): Promise<void> {
    try {
      await this.dataSource.query(statement, [id, token, value()])
    } catch (error) {
      this.log.warn(`What became of the request of ${id} could not be kept: ${String(error)}`)
    }
  }
}

interface Known {
  request_hash: string
  response: StoredResponse | null
}
