import type { Server } from "node:net"
import type { Logger } from "pino"

/** Bytes of a body, as in Medusa. */
export const BODY_LIMIT = 100 * 1024

/** The limits of one connection, independent of the data sent over it. */
export interface HttpLimits {
  /** Milliseconds within which the headers, and the whole request, have to arrive. */
  readonly requestTimeout: number
  /** Milliseconds between two checks for requests that took too long. An unfinished request lives for both at most. */
  readonly checkInterval: number
}

export const HTTP_LIMITS: HttpLimits = { requestTimeout: 30_000, checkInterval: 5_000 }

/**
 * Connections that one process serves at a time. An idle one costs 12 kB and one with an unfinished request 120 kB, so
 * that all of them stay below 600 MB. Each takes a file descriptor, of which Linux grants far more to a service.
 */
export const MAX_CONNECTIONS = 5_000

/** Milliseconds between two log lines about connections that were closed because there are too many. */
const DROPS_LOGGED_EVERY = 1_000

/** The same limits as options of node:http, which has no other way to set the interval. */
export function serverOptions({ requestTimeout, checkInterval }: HttpLimits) {
  return {
    requestTimeout,
    // Node swaps the two timeouts if this one is the larger, and its default is 60 seconds.
    headersTimeout: requestTimeout,
    connectionsCheckingInterval: checkInterval,
  }
}

/** Closes connections above the limit as they come, and logs their number. */
export function limitConnections(server: Server, logger: Logger, limit: number): void {
  let dropped = 0
  server.maxConnections = limit
  server.on("drop", () => {
    dropped++
    if (dropped > 1) return
    setTimeout(() => {
      logger.warn({ dropped, limit }, "connections closed: there are too many")
      dropped = 0
    }, DROPS_LOGGED_EVERY).unref()
  })
}
