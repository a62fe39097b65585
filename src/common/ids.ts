import { randomFillSync } from "node:crypto"
import { ulid } from "ulid"

/**
 * Creates an id: the prefix and a ULID that sorts by its millisecond. The other 80 bits are random every time, also within
 * one millisecond, so that a caller with a publishable key cannot guess another shopper's collection from their own.
 * @param prefix of one kind of thing; `test/id-prefixes.spec.ts` lists them all
 */
export function newId(prefix: string): string {
  return `${prefix}_${ulid(undefined, random)}`
}

/** Secure random numbers are fetched in bulk, because one call per character would cost more than the rest of an id. */
const pool = new Uint32Array(1024)
let used = pool.length

function random(): number {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  return (pool[used++] ?? 0) / 2 ** 32
}
