import { createHash } from "node:crypto"
import pg from "pg"

/** Begins the text of a statement that the service itself repeats word by word, and that is worth preparing. */
export const PREPARED = "/* prepared */ "

/**
 * Our connection. It lets PostgreSQL plan a statement marked {@link PREPARED} once per connection, for planning costs more
 * than running; what callers vary is never prepared, for a connection keeps what it prepared. And it is closed when an
 * answer stays out: whatever is sent after would wait for the same answer.
 */
export class ServiceClient extends pg.Client {
  constructor(config?: pg.ClientConfig & { prepares?: boolean }) {
    super(config)
    const prepares = config?.prepares === true
    const query = super.query.bind(this) as (...args: unknown[]) => unknown
    this.query = ((text: unknown, values: unknown, ...rest: unknown[]) => {
      const prepared = prepares && typeof text === "string" && text.startsWith(PREPARED)
      const result = prepared ? query({ name: nameOf(text), text, values }, ...rest) : query(text, values, ...rest)
      if (result instanceof Promise)
        result.catch((error: unknown) => {
          this.closeWhenOverdue(error)
        })
      return result
    }) as pg.Client["query"]
  }

  private closeWhenOverdue(error: unknown): void {
    if (error instanceof Error && error.message === "Query read timeout") this.connection.stream.destroy(error)
  }
}

const names = new Map<string, string>()

/** Made of the text, so that it means the same on every connection, also behind a pooler. */
function nameOf(text: string): string {
  let name = names.get(text)
  if (name === undefined) {
    name = createHash("sha256").update(text).digest("base64url")
    names.set(text, name)
  }
  return name
}
