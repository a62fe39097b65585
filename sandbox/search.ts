import type Stripe from "stripe"
import type { Records, StoredIntent } from "./records.js"
import { limitOf } from "./lists.js"
import type { Parameters } from "./parameters.js"
import { badParameter } from "./errors.js"

const CLAUSE = /^(?:metadata\[["'](?<key>.+?)["']\]|(?<field>currency|customer|status)):\s*["'](?<value>.*)["']$/

/** The intents that a query finds: clauses on metadata and a few fields, joined by AND. It finds indexed intents only. */
export function searchIntents(records: Records, parameters: Parameters): Stripe.ApiSearchResult<StoredIntent> {
  const query = parameters.requiredText("query")
  const matches = query.split(/\s+AND\s+/).map((clause) => matcherOf(clause.trim()))
  const found = [...records.paymentIntents.values()]
    .filter((intent) => records.indexed.has(intent.id) && matches.every((isMatch) => isMatch(intent)))
    .reverse()
  const limit = limitOf(parameters)
  const start = Number(parameters.text("page") ?? 0)
  const next = start + limit < found.length ? String(start + limit) : null
  return {
    object: "search_result",
    data: found.slice(start, start + limit),
    has_more: next !== null,
    url: "/v1/payment_intents/search",
    next_page: next,
  }
}

function matcherOf(clause: string): (intent: StoredIntent) => boolean {
  const { key, field, value } = CLAUSE.exec(clause)?.groups ?? {}
  if (key !== undefined) return ({ metadata }) => metadata[key] === value
  switch (field) {
    case "currency":
    case "customer":
    case "status":
      return (intent) => intent[field] === value
    default:
      throw badParameter(`We were unable to parse your search query near: ${clause}`, { param: "query" })
  }
}
