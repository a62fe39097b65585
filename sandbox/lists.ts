import type Stripe from "stripe"
import type { Parameters } from "./parameters.js"
import { badParameter, notFound } from "./errors.js"

export const PAGE_PARAMETERS = ["ending_before", "limit", "starting_after"] as const

const LIMITS = { default: 10, most: 100 }

interface Listed {
  readonly id: string
  readonly created: number
}

/** A page of a list, the newest first. @param items the oldest first, already filtered */
export function pageOf<T extends Listed>(items: Iterable<T>, url: string, parameters: Parameters): Stripe.ApiList<T> {
  const newestFirst = [...items].filter(isCreatedWithin(parameters)).reverse()
  const limit = limitOf(parameters)
  const before = parameters.text("ending_before")
  if (before !== undefined) {
    const end = indexOf(newestFirst, before, "ending_before")
    const start = Math.max(0, end - limit)
    return { object: "list", data: newestFirst.slice(start, end), has_more: start > 0, url }
  }
  const after = parameters.text("starting_after")
  const start = after === undefined ? 0 : indexOf(newestFirst, after, "starting_after") + 1
  const data = newestFirst.slice(start, start + limit)
  return { object: "list", data, has_more: start + limit < newestFirst.length, url }
}

export function limitOf(parameters: Parameters): number {
  const limit = parameters.integer("limit") ?? LIMITS.default
  if (limit >= 1 && limit <= LIMITS.most) return limit
  throw badParameter(`This value must be between 1 and ${LIMITS.most}.`, {
    code: "parameter_invalid_integer",
    param: "limit",
  })
}

function indexOf(items: readonly Listed[], id: string, param: string): number {
  const index = items.findIndex((item) => item.id === id)
  if (index < 0) throw notFound("object", id, param)
  return index
}

/** By `created`: a time, or a range of `gt`, `gte`, `lt`, `lte`. */
function isCreatedWithin(parameters: Parameters): (item: Listed) => boolean {
  if (typeof parameters.values["created"] === "string") {
    const exactly = parameters.integer("created")
    return ({ created }) => created === exactly
  }
  const range = parameters.nested("created")?.only(["gt", "gte", "lt", "lte"])
  const above = range?.integer("gt") ?? -Infinity
  const from = range?.integer("gte") ?? -Infinity
  const below = range?.integer("lt") ?? Infinity
  const to = range?.integer("lte") ?? Infinity
  return ({ created }) => created > above && created >= from && created < below && created <= to
}
