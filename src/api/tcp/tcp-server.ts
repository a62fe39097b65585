import {
  ServerTCP,
  type MessageHandler,
  type ReadPacket,
  type TcpContext,
  type TcpOptions,
  type TcpSocket,
} from "@nestjs/microservices"
import type { Socket } from "node:net"
import { setImmediate as nextTurn } from "node:timers/promises"
import type { Logger } from "pino"
import { catchError, defer, finalize, isObservable, mergeMap, of, throwError, type Observable } from "rxjs"
import { BodyTooLarge } from "../errors/transport.errors.js"
import { type ErrorBody, type ServiceError, Unavailable } from "../../common/errors.js"
import { newId } from "../../common/ids.js"
import { contextOf } from "../request-context.js"
import { Connections, TCP_LIMITS } from "./tcp-connections.js"
import { MESSAGE_LIMIT, MessageSocket, OVERSIZED } from "./tcp-socket.js"

/** Milliseconds that a peer has at shutdown to receive its responses. */
const FLUSH_DEADLINE = 1_000

/**
 * New connections that wait in the kernel, if it allows that many. Node accepts one per turn of its event loop; the system
 * drops those beyond, and their peers try again only after seconds.
 */
const BACKLOG = 4_096

/** Characters of a caller's text that a log line shows. */
const LOGGED_LENGTH = 100

/** The pattern of the handler for messages that no other handler takes. */
export const UNKNOWN_PATTERN = "*"

type Handler = MessageHandler<unknown, TcpContext, unknown>

/**
 * Nest's TCP server with what HTTP has around a request: an id and a log line for each message, an error of this service
 * if there is no handler or the message is too large, and a response to every message in progress at shutdown.
 */
export class TcpServer extends ServerTCP {
  private readonly connections: Connections
  private readonly messageSockets = new Set<MessageSocket>()
  private closing = false
  private inProgress = 0
  private drained: (() => void) | undefined

  constructor(
    options: Required<TcpOptions>["options"],
    private readonly log: Logger,
    limits = TCP_LIMITS,
  ) {
    super(options)
    this.connections = new Connections(log, limits)
    this.connections.watch(this.server)
  }

  /** Reports every failure to bind: Nest waits forever unless the address is in use. */
  override listen(callback: (error?: unknown) => void): void {
    this.server.once("error", callback)
    this.server.listen({ port: this.port, host: this.host, backlog: BACKLOG }, callback)
  }

  override addHandler(pattern: unknown, handler: Handler, isEvent?: boolean, extras?: Record<string, unknown>): void {
    super.addHandler(pattern, this.instrument(handler), isEvent, extras)
  }

  override getHandlerByPattern(pattern: string): MessageHandler | null {
    return super.getHandlerByPattern(pattern) ?? super.getHandlerByPattern(UNKNOWN_PATTERN)
  }

  /** Rejects events: nobody would learn that one was refused or failed, so every message has to ask for a response. */
  override handleEvent(_pattern: string, _packet: ReadPacket, context: TcpContext): Promise<void> {
    const socket = messageSocketOf(context)
    const line = { pattern: shortened(context.getPattern()), peer: socket?.netSocket.remoteAddress }
    if (socket?.authenticated) this.log.warn({ reason: "event packet", ...line }, "tcp refused")
    else socket?.report("event packet", line)
    socket?.release()
    return Promise.resolve()
  }

  override async handleMessage(socket: TcpSocket, message: unknown): Promise<void> {
    try {
      await super.handleMessage(socket, message)
    } catch (error) {
      if (socket instanceof MessageSocket) socket.release()
      throw error
    }
  }

  /** Completes the messages in progress, refuses new ones, then ends the connections. */
  // Nest awaits whatever this returns; only the base class happens to have nothing to wait for.
  // eslint-disable-next-line @typescript-eslint/no-misused-promises
  override async close(): Promise<void> {
    this.closing = true
    this.server.close()
    await this.drain()
    await Promise.all([...this.openSockets].map(ended))
    super.close()
  }

  protected override getSocketInstance(socket: Socket): TcpSocket {
    const messages = new MessageSocket(socket, this.connections)
    this.messageSockets.add(messages)
    socket.once("close", () => this.messageSockets.delete(messages))
    return messages
  }

  /** Logs a broken connection. */
  protected override handleError(error: unknown): void {
    this.connections.log.add("connection error", {
      err: { message: error instanceof Error ? error.message : String(error) },
    })
  }

  /** Waits for the messages in progress, and until those that arrived meanwhile are refused. */
  private async drain(): Promise<void> {
    if (this.inProgress > 0) await new Promise<void>((resolve) => (this.drained = resolve))
    const deadline = performance.now() + FLUSH_DEADLINE
    while ([...this.messageSockets].some(({ hasBacklog }) => hasBacklog) && performance.now() < deadline)
      await nextTurn()
  }

  private instrument(handler: Handler): Handler {
    return (data, context) => {
      const id = newId("req")
      const start = performance.now()
      let outcome = "ok"
      if (context) contextOf(context).requestId = id
      this.inProgress++
      const response = this.refusalOf(data, id) ?? defer(async () => handler(data, context)).pipe(mergeMap(flattened))
      return Promise.resolve(
        response.pipe(
          catchError((error: ErrorBody) => {
            outcome = error.type
            return throwError(() => error)
          }),
          finalize(() => {
            const line = {
              request_id: id,
              pattern: shortened(context?.getPattern()),
              caller: shortened((data as { caller?: unknown } | null | undefined)?.caller),
              outcome,
              ms: Math.round((performance.now() - start) * 10) / 10,
            }
            const socket = context && messageSocketOf(context)
            // A stranger does not fill the log.
            if (outcome === "unauthorized" && socket?.authenticated === false) socket.report("unauthorized", line)
            else this.log.info(line, "message")
            this.finishMessage()
          }),
        ),
      )
    }
  }

  private refusalOf(data: unknown, id: string): Observable<never> | undefined {
    if (this.closing) return refused(new Unavailable(), id)
    return data === OVERSIZED ? refused(messageTooLarge(), id) : undefined
  }

  private finishMessage(): void {
    this.inProgress--
    // The response is written in the next tick.
    if (this.inProgress === 0 && this.drained) setImmediate(this.drained)
  }
}

function messageTooLarge(): ServiceError {
  const limit = MESSAGE_LIMIT / 1024
  return new BodyTooLarge(`The message is larger than the limit of ${limit} kB. Send less in one message.`)
}

function refused(error: ServiceError, id: string): Observable<never> {
  return throwError(() => error.toBody(id))
}

function flattened(result: unknown): Observable<unknown> {
  return isObservable(result) ? result : of(result)
}

function messageSocketOf(context: TcpContext): MessageSocket | undefined {
  const socket = context.getSocketRef()
  return socket instanceof MessageSocket ? socket : undefined
}

function shortened(text: unknown): string | undefined {
  return typeof text === "string" ? text.slice(0, LOGGED_LENGTH) : undefined
}

/** Sends what is left, then closes the connection. */
function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(resolve, FLUSH_DEADLINE)
    socket.once("close", resolve)
    socket.end(() => {
      clearTimeout(deadline)
      resolve()
    })
  })
}
