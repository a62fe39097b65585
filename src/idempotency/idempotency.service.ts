import { Injectable, Logger } from "@nestjs/common"
import { DataSource } from "typeorm"
import { IdempotencyKeyInUse, IdempotencyKeyReused } from "./idempotency.errors.js"
import { newId } from "../common/ids.js"
import { claimSql, isFreeSql, Leases, RELEASE_SQL, type Lease } from "../database/leases.js"
import { prepared } from "../database/statements/prepared.js"
import { fromNowSql } from "../database/statements/unit-of-work.js"
import type { StoredResponse } from "./idempotency.rules.js"

/** Hours for which a key is kept. */
const KEPT_FOR = 24

/** Expired keys that the use of one removes at most. */
const REMOVED_PER_CLAIM = 10

/**
 * Claims a key that is new or expired, or that came with the same request before, has no stored response and is not being
 * processed; the latter keeps its id. It is one statement, so that the unique constraint decides between parallel uses.
 * It also deletes some expired keys. It skips those that another transaction has locked, so that two claims never wait for
 * each other.
 */
const CLAIM = prepared`
  WITH removed AS (
    DELETE FROM idempotency_key WHERE id = ANY(ARRAY(
      SELECT id FROM idempotency_key WHERE expires_at <= now() AND (scope, key) <> ($2::text, $3::text)
      ORDER BY expires_at LIMIT ${REMOVED_PER_CLAIM} FOR UPDATE SKIP LOCKED
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

const LOOK_UP = prepared`SELECT request_hash, response FROM idempotency_key WHERE scope = $1 AND key = $2`

/** Only the holder of the claim writes: a request that lost it to a repeat leaves the response to that repeat. */
const STORE_RESPONSE = prepared`
  UPDATE idempotency_key SET response = $3::json, ${RELEASE_SQL} WHERE id = $1 AND claim_token = $2`

const RELEASE = prepared`
  UPDATE idempotency_key SET id = $3::text, ${RELEASE_SQL} WHERE id = $1 AND claim_token = $2`

export interface KeyedRequest {
  /** Whose key it is. */
  readonly scope: string
  readonly key: string
  readonly hash: string
}

/**
 * Makes a request with a key run once, however often it is repeated. Each step is one short statement of its own, so that
 * no connection is held while the request runs.
 */
@Injectable()
export class IdempotencyService {
  private readonly log = new Logger(IdempotencyService.name)

  constructor(
    private readonly dataSource: DataSource,
    private readonly leases: Leases,
  ) {}

  /**
   * Returns the claim to run the request, or the response that is stored for it.
   * @throws IdempotencyKeyReused when the key came with another request
   * @throws Conflict when the request is running
   */
  async claim({ scope, key, hash }: KeyedRequest): Promise<Lease | { response: StoredResponse }> {
    const token = this.leases.newToken()
    const values = [newId("idem"), scope, key, hash, token, this.leases.duration]
    const [claimed] = await this.dataSource.query<{ id: string }[]>(CLAIM, values)
    if (claimed) return { table: "idempotency_key", id: claimed.id, token }
    const [known] = await this.dataSource.query<Known[]>(LOOK_UP, [scope, key])
    if (known && known.request_hash !== hash) throw new IdempotencyKeyReused()
    if (known?.response) return { response: known.response }
    throw new IdempotencyKeyInUse()
  }

  /** Runs the request of a claim, and renews the claim until it has ended. */
  async run<T>(claim: Lease, work: () => Promise<T>): Promise<T> {
    return this.leases.whileHeld(claim, work)
  }

  /** Stores the response for repeats of the request. */
  async storeResponse(claim: Lease, response: StoredResponse): Promise<void> {
    await this.write(STORE_RESPONSE, claim, () => JSON.stringify(response))
  }

  /** Lets a repeat run the request again, and resume the operation that this one started. */
  async release(claim: Lease): Promise<void> {
    await this.write(RELEASE, claim, () => claim.id)
  }

  /** Lets a repeat run the request from the start: under another id it finds no operation of this one. */
  async restart(claim: Lease): Promise<void> {
    await this.write(RELEASE, claim, () => newId("idem"))
  }

  /** A failure here does not change the response of the request: it was run, and a repeat resumes what it did. */
  private async write(statement: string, { id, token }: Lease, value: () => string): Promise<void> {
    try {
      await this.dataSource.query(statement, [id, token, value()])
    } catch (error) {
      this.log.warn(`The outcome of the request with idempotency key ${id} could not be stored: ${String(error)}`)
    }
  }
}

interface Known {
  request_hash: string
  response: StoredResponse | null
}
