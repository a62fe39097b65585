import {
  Global,
  Injectable,
  Logger,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from "@nestjs/common"
import { randomUUID } from "node:crypto"
import { DataSource, type EntityManager, type ObjectLiteral } from "typeorm"
import { prepared } from "./statements/prepared.js"
import { FromNow, fromNowSql } from "./statements/unit-of-work.js"

/** The tables whose rows a process can claim: each has the columns `claim_token` and `claimed_until`. */
const LEASED_TABLES = ["idempotency_key", "payment_operation", "webhook_event"] as const

export type LeasedTable = (typeof LEASED_TABLES)[number]

/** The right to work on one row, until another process claims it. */
export interface Lease {
  readonly table: LeasedTable
  /** The row's. */
  readonly id: string
  /** Fences the row: a process whose token differs from the row's has lost the claim and writes nothing. */
  readonly token: string
}

/** Milliseconds that a lease lasts without a renewal, and between two renewals. */
export class LeaseTimes {
  constructor(
    readonly duration = 5_000,
    readonly interval = 1_000,
  ) {}
}

/** The row was claimed by another process. */
export class LeaseLost extends Error {
  constructor({ table, id }: Lease) {
    super(`Another process has claimed ${id} of ${table}.`)
  }
}

// The SQL of the two columns, for the statements that claim and release. Only the database's clock decides: the clocks of
// processes differ.

/** Whether a row may be claimed: nobody holds it, or its holder has not renewed the lease. @param row name of its table */
export function isFreeSql(row: string): string {
  return `(${row}.claimed_until IS NULL OR ${row}.claimed_until <= now())`
}

/** Whether the holder of a row has not renewed its lease: its process is dead, or cannot reach the database. */
export const IS_ABANDONED_SQL = "coalesce(claimed_until <= now(), false)"

/** @param token parameter of the statement @param duration likewise, in milliseconds */
export function claimSql(token: string, duration: string): string {
  return `claim_token = ${token}::text, claimed_until = ${fromNowSql(duration)}`
}

/** The same columns of a row that nobody holds: as SQL, and as a change of an entity. */
export const RELEASE_SQL = "claim_token = NULL, claimed_until = NULL"
export const RELEASED = { claim_token: null, claimed_until: null } as const

/** A row that another transaction writes at the moment is skipped, so that it does not hold up the others. */
const heldRows = (table: LeasedTable) =>
  `WITH held AS (SELECT id FROM ${table} WHERE id = ANY($1) AND claim_token = ANY($2) ORDER BY id
    FOR NO KEY UPDATE SKIP LOCKED)
  UPDATE ${table} SET`

const renewal = (table: LeasedTable) =>
  prepared`${heldRows(table)} claimed_until = ${fromNowSql("$3")} FROM held WHERE ${table}.id = held.id`

const release = (table: LeasedTable) =>
  prepared`${heldRows(table)} ${RELEASE_SQL} FROM held WHERE ${table}.id = held.id`

/**
 * Keeps the claims of this process by a heartbeat. The process that claimed a row renews the lease while it works, however
 * long that takes. When it dies, the row is free once the lease ends. A lock of a database session would not do: it ends with
 * the session, and PgBouncer gives each transaction another one.
 *
 * Every write after a claim depends on the claim's token in the same statement or transaction. So a process that was too
 * slow to renew writes nothing once another process has claimed the row, and continues if none has.
 */
@Injectable()
export class Leases implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(Leases.name)
  /** Each held lease, and whether it is older than the last heartbeat. */
  private readonly held = new Map<Lease, boolean>()
  private timer: NodeJS.Timeout | undefined
  private renewing: Promise<void> | undefined
  private isFailing = false

  constructor(
    private readonly dataSource: DataSource,
    private readonly times: LeaseTimes,
  ) {}

  /** Milliseconds that a lease lasts without a renewal. */
  get duration(): number {
    return this.times.duration
  }

  newToken(): string {
    return randomUUID()
  }

  /** The lease columns of a new row that is claimed when it is inserted. */
  columnsOf({ token }: Lease): ObjectLiteral {
    return { claim_token: token, claimed_until: new FromNow(this.duration) }
  }

  /** Renews a lease while the work runs. The claim was committed before, and the work releases it at its end. */
  async whileHeld<T>(lease: Lease, work: () => Promise<T>): Promise<T> {
    this.held.set(lease, false)
    try {
      return await work()
    } finally {
      this.held.delete(lease)
    }
  }

  /** Keeps the row from being claimed by others until the transaction ends. @throws LeaseLost */
  async assertHeld(tx: EntityManager, lease: Lease): Promise<void> {
    const rows = await tx.query<unknown[]>(
      prepared`SELECT 1 FROM ${lease.table} WHERE id = $1 AND claim_token = $2 FOR SHARE`,
      [lease.id, lease.token],
    )
    if (rows.length === 0) throw new LeaseLost(lease)
  }

  /** One timer for the whole process. Started here, it belongs to no request. */
  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.renewing ??= this.renew().finally(() => {
        this.renewing = undefined
      })
    }, this.times.interval).unref()
  }

  /** Everything in progress has ended, except for requests whose client left: other processes need not wait for those. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer)
    await this.renewing
    await this.writeEach([...this.held.keys()], (table, ids, tokens) =>
      this.dataSource.query(release(table), [ids, tokens]),
    )
  }

  /** Most work ends before its first heartbeat, and costs no statement. */
  private async renew(): Promise<void> {
    const old = [...this.held].flatMap(([lease, isOld]) => (isOld ? lease : []))
    for (const lease of this.held.keys()) this.held.set(lease, true)
    await this.writeEach(old, (table, ids, tokens) =>
      this.dataSource.query(renewal(table), [ids, tokens, this.times.duration]),
    )
  }

  /** One statement per table. The next heartbeat retries a failed one; a series of failures is logged once. */
  private async writeEach(
    leases: Lease[],
    write: (table: LeasedTable, ids: string[], tokens: string[]) => Promise<unknown>,
  ): Promise<void> {
    const writes = LEASED_TABLES.flatMap((table) => {
      const ofTable = leases.filter((lease) => lease.table === table)
      if (ofTable.length === 0) return []
      return write(
        table,
        ofTable.map(({ id }) => id),
        ofTable.map(({ token }) => token),
      )
    })
    const results = await Promise.allSettled(writes)
    const failed = results.find((result) => result.status === "rejected")
    if (failed && !this.isFailing) this.log.warn(`Leases could not be written: ${String(failed.reason)}`)
    this.isFailing = failed !== undefined
  }
}

/** Provides the leases to every module. */
@Global()
@Module({})
export class LeasesModule {
  static register(times: LeaseTimes): DynamicModule {
    return {
      module: LeasesModule,
      providers: [{ provide: LeaseTimes, useValue: times }, Leases],
      exports: [Leases],
    }
  }
}
