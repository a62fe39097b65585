import { randomFillSync } from "node:crypto"
import { ulid } from "ulid"

/** Prefixes of the ids this service gives out; the first ones are Medusa's. */
export type IdPrefix =
  | "pay_col"
  | "payses"
  | "pay"
  | "capt"
  | "ref"
  | "refr"
  | "op"
  | "evt"
  | "whe"
  | "disp"
  | "acchld"
  | "apk"
  | "idem"
  | "req"

/**
 * A new id: the prefix and a ULID that sorts by its millisecond. The other 80 bits are random every time, also within one
 * millisecond: whoever has a publishable key must not guess a stranger's collection from their own.
 */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${ulid(undefined, random)}`
}

/** Secure random numbers are fetched in bulk: one call per character would cost more than all else of an id. */
const pool = new Uint32Array(1024)
let used = pool.length

function random(): number {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  return (pool[used++] ?? 0) / 2 ** 32
}
