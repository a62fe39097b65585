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
import { Connections, TCP_LIMITS } from "./tcp-connections.js"
import { MESSAGE_LIMIT, MessageSocket, OVERSIZED } from "./tcp-socket.js"

/** Milliseconds that a peer gets at shutdown to take the answers it asked for. */
const FLUSH_DEADLINE = 1_000

/**
 * New connections that wait in the kernel, if it allows that many. Node accepts one per turn of its event loop; the system
 * drops those beyond, and their peers try again only after seconds.
 */
const BACKLOG = 4_096

/** Characters of a caller's own words that a log line shows. */
const LOGGED_LENGTH = 100

/** The pattern of the handler that answers messages which have none. */
export const UNKNOWN_PATTERN = "*"

/** Ids of the messages under way, by the context that stands for each. */
const messageIds = new WeakMap<object, string>()

type Handler = MessageHandler<unknown, TcpContext, unknown>

/** The id of a message, for its answer and its log lines. */
export function messageIdOf(context: object): string | undefined {
  return messageIds.get(context)
}

/**
 * Nest's TCP server, and around each message what HTTP has around a request: an id, a log line, a refusal in our words
 * where there is no handler or the message is too large, and an answer to whatever is under way at shutdown.
 */
export class TcpServer extends ServerTCP {
  private readonly connections: Connections
  private readonly messageSockets = new Set<MessageSocket>()
  private closing = false
  private underWay = 0
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

  /** Nest waits for ever on an address that cannot be bound for another reason than being in use. */
  override listen(callback: (error?: unknown) => void): void {
    this.server.once("error", callback)
    this.server.listen({ port: this.port, host: this.host, backlog: BACKLOG }, callback)
  }

  override addHandler(pattern: unknown, handler: Handler, isEvent?: boolean, extras?: Record<string, unknown>): void {
    super.addHandler(pattern, this.attended(handler), isEvent, extras)
  }

  override getHandlerByPattern(pattern: string): MessageHandler | null {
    return super.getHandlerByPattern(pattern) ?? super.getHandlerByPattern(UNKNOWN_PATTERN)
  }

  /** Nobody would hear that an event was refused, or that it failed: no message of this service may be emitted. */
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

  /** Messages under way are answered, new ones refused, then the connections end. */
  // Nest awaits whatever this returns; only the base class happens to have nothing to wait for.
  // eslint-disable-next-line @typescript-eslint/no-misused-promises
  override async close(): Promise<void> {
    this.closing = true
    this.server.close()
    await this.settledAll()
    await Promise.all([...this.openSockets].map(ended))
    super.close()
  }

  protected override getSocketInstance(socket: Socket): TcpSocket {
    const messages = new MessageSocket(socket, this.connections)
    this.messageSockets.add(messages)
    socket.once("close", () => this.messageSockets.delete(messages))
    return messages
  }

  /** A connection that broke. */
  protected override handleError(error: unknown): void {
    this.connections.log.add("connection error", {
      err: { message: error instanceof Error ? error.message : String(error) },
    })
  }

  /** Waits for the messages in progress, and until those that arrived meanwhile are refused. */
  private async settledAll(): Promise<void> {
    if (this.underWay > 0) await new Promise<void>((resolve) => (this.drained = resolve))
    const deadline = performance.now() + FLUSH_DEADLINE
    while ([...this.messageSockets].some(({ hasBacklog }) => hasBacklog) && performance.now() < deadline)
      await nextTurn()
  }

  private attended(handler: Handler): Handler {
    return (data, context) => {
      const id = newId("req")
      const start = performance.now()
      let outcome = "ok"
      if (context) messageIds.set(context, id)
      this.underWay++
      const answer = this.refusalOf(data, id) ?? defer(async () => handler(data, context)).pipe(mergeMap(flattened))
      return Promise.resolve(
        answer.pipe(
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
            this.settled()
          }),
        ),
      )
    }
  }

  private refusalOf(data: unknown, id: string): Observable<never> | undefined {
    if (this.closing) return refused(new Unavailable(), id)
    return data === OVERSIZED ? refused(messageTooLarge(), id) : undefined
  }

  private settled(): void {
    this.underWay--
    // The answer is written in the next tick.
    if (this.underWay === 0 && this.drained) setImmediate(this.drained)
  }
}

function messageTooLarge(): ServiceError {
  const limit = MESSAGE_LIMIT / 1024
  return new BodyTooLarge(`The message is larger than the limit of ${limit} kB. Send less in one message.`)
}

function refused(error: ServiceError, id: string): Observable<never> {
  return throwError(() => error.toBody(id))
}

function flattened(answer: unknown): Observable<unknown> {
  return isObservable(answer) ? answer : of(answer)
}

function messageSocketOf(context: TcpContext): MessageSocket | undefined {
  const socket = context.getSocketRef()
  return socket instanceof MessageSocket ? socket : undefined
}

function shortened(text: unknown): string | undefined {
  return typeof text === "string" ? text.slice(0, LOGGED_LENGTH) : undefined
}

/** Sends what is left, and says goodbye. */
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
