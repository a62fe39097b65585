import { monotonicFactory } from "ulid"

const nextUlid = monotonicFactory()

/** Prefixes of the ids this service gives out; the first ones are Medusa's. */
export type IdPrefix = "pay_col" | "payses" | "pay" | "capt" | "ref" | "refr" | "apk" | "req"

/** A new id: the prefix and a ULID that sorts by time, also within one millisecond of this process. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${nextUlid()}`
}
