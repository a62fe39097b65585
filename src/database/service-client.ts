import pg from "pg"
import { preparedName } from "./statements/prepared.js"

/**
 * Our connection to PostgreSQL. It prepares the statements that are marked so, and it closes itself when a response times
 * out, because everything sent after that would wait for the same response.
 */
export class ServiceClient extends pg.Client {
  constructor(config?: pg.ClientConfig & { prepares?: boolean }) {
    super(config)
    const prepares = config?.prepares === true
    const query = super.query.bind(this) as (...args: unknown[]) => unknown
    this.query = ((text: unknown, values: unknown, ...rest: unknown[]) => {
      const name = prepares && typeof text === "string" ? preparedName(text) : undefined
      const result = name === undefined ? query(text, values, ...rest) : query({ name, text, values }, ...rest)
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
