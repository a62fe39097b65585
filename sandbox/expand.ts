import type { Records } from "./records.js"
import { badParameter } from "./errors.js"

/** How deep a path goes, at most. */
const MOST_LEVELS = 4

type JsonObject = Record<string, unknown>

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A copy of a response with the ids at the paths replaced by what they stand for. @param paths `latest_charge.refunds` */
export function expanded(records: Records, response: object, paths: readonly string[]): JsonObject {
  const copy = asJson(response)
  for (const path of paths) {
    const names = path.split(".")
    if (names.length > MOST_LEVELS) {
      throw badParameter(`You cannot expand more than ${MOST_LEVELS} levels of a property.`, { param: "expand" })
    }
    expandAt(records, copy, names, path)
  }
  return copy
}

function expandAt(records: Records, node: JsonObject, [name = "", ...rest]: string[], path: string): void {
  const value = node[name]
  if (Array.isArray(value)) {
    for (const item of value) if (isObject(item)) expandAt(records, item, rest, path)
    return
  }
  if (value === null) return
  const found = isObject(value) ? value : standsFor(records, node, name)
  if (!found) throw badParameter(`This property cannot be expanded (${path}).`, { param: "expand" })
  node[name] = found
  if (rest.length > 0) expandAt(records, found, rest, path)
}

function standsFor(records: Records, node: JsonObject, name: string): JsonObject | undefined {
  if (node["object"] === "charge" && name === "refunds") return refundsOf(records, String(node["id"]))
  const id = node[name]
  if (typeof id !== "string") return undefined
  const shelves = {
    pi: records.paymentIntents,
    ch: records.charges,
    re: records.refunds,
    cus: records.customers,
    pm: records.paymentMethods,
    seti: records.setupIntents,
  }
  const shelf = Object.entries(shelves).find(([prefix]) => id.startsWith(`${prefix}_`))?.[1]
  if (records.deletedCustomers.has(id)) return { id, object: "customer", deleted: true }
  const found = shelf?.get(id)
  return found && asJson(found)
}

function refundsOf(records: Records, chargeId: string): JsonObject {
  const refunds = [...records.refunds.values()].filter(({ charge }) => charge === chargeId).reverse()
  const data = refunds.slice(0, 10)
  const hasMore = refunds.length > data.length
  return asJson({ object: "list", data, has_more: hasMore, url: `/v1/charges/${chargeId}/refunds` })
}

function asJson(value: object): JsonObject {
  const copy: unknown = JSON.parse(JSON.stringify(value))
  if (!isObject(copy)) throw new Error("A response is an object")
  return copy
}
