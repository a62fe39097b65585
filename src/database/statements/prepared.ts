import { createHash } from "node:crypto"

/** The name of each prepared statement by its text. */
const names = new Map<string, string>()

/**
 * The text of a statement that PostgreSQL is to plan once per connection, because planning costs more than running it. Only
 * for texts that the service repeats verbatim: a connection keeps what it has prepared, and callers must not choose how much.
 */
export function prepared(strings: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  const text = String.raw({ raw: strings }, ...values)
  // Made of the text, so that a name means the same statement on every connection, also behind a pooler.
  if (!names.has(text)) names.set(text, createHash("sha256").update(text).digest("base64url"))
  return text
}

/** The name under which a statement is prepared; undefined if it is not. */
export function preparedName(text: string): string | undefined {
  return names.get(text)
}
