import { createHash } from "node:crypto"
import pg from "pg"

/** A text that comes back so often is worth preparing; what callers select once is not. */
const USES_BEFORE_PREPARING = 3

/** Texts watched and statements prepared at most: selections vary without end, connections' memory must not. */
const TEXTS_WATCHED = 1_000
const STATEMENTS_PREPARED = 200

const uses = new Map<string, number>()
const names = new Map<string, string>()

/**
 * Lets PostgreSQL parse and plan a statement once per connection instead of once per request, which costs more than
 * running it. A name is made of the text, so it means the same on every connection.
 */
export class PreparingClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config)
    const query = super.query.bind(this) as (...args: unknown[]) => unknown
    this.query = ((text: unknown, values: unknown, ...rest: unknown[]) =>
      typeof text === "string" && Array.isArray(values) && values.length > 0
        ? query({ name: nameOf(text), text, values: values as unknown[] }, ...rest)
        : query(text, values, ...rest)) as pg.Client["query"]
  }
}

/** The name to prepare a text under; undefined when it is not worth it, or not yet. */
function nameOf(text: string): string | undefined {
  const name = names.get(text)
  if (name !== undefined || names.size >= STATEMENTS_PREPARED) return name
  const used = (uses.get(text) ?? 0) + 1
  if (used < USES_BEFORE_PREPARING) {
    if (uses.size >= TEXTS_WATCHED) uses.clear()
    uses.set(text, used)
    return undefined
  }
  uses.delete(text)
  const newName = createHash("sha256").update(text).digest("base64url")
  names.set(text, newName)
  return newName
}
