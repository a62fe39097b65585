import { JsonSocket, ServerTCP, type MessageHandler, type TcpContext, type TcpOptions } from "@nestjs/microservices"
import type { Socket } from "node:net"
import type { Logger } from "pino"
import { catchError, defer, finalize, isObservable, mergeMap, of, throwError, type Observable } from "rxjs"
import { BodyTooLarge, Unavailable, type ErrorBody, type ServiceError } from "./errors.js"
import { newId } from "./ids.js"

/** Characters of a message, envelope included; whatever stands in an HTTP body fits. */
const MESSAGE_LIMIT = 200 * 1024

/** Characters that are read at most, so that a message over the limit can be refused by name. More ends the connection. */
const READ_LIMIT = 5 * MESSAGE_LIMIT

/** Milliseconds that a peer gets at shutdown to take the answers it asked for. */
const FLUSH_DEADLINE = 1_000

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
  private closing = false
  private underWay = 0
  private drained: (() => void) | undefined

  constructor(
    options: Required<TcpOptions>["options"],
    private readonly log: Logger,
  ) {
    super({ ...options, socketClass: MessageSocket })
  }

  /** Nest waits for ever on an address that cannot be bound for another reason than being in use. */
  override listen(callback: (error?: unknown) => void): void {
    this.server.once("error", callback)
    this.server.listen(this.port, this.host, callback)
  }

  override addHandler(pattern: unknown, handler: Handler, isEvent?: boolean, extras?: Record<string, unknown>): void {
    super.addHandler(pattern, this.attended(handler), isEvent, extras)
  }

  override getHandlerByPattern(pattern: string): MessageHandler | null {
    return super.getHandlerByPattern(pattern) ?? super.getHandlerByPattern(UNKNOWN_PATTERN)
  }

  /** Messages under way are answered, new ones refused, then the connections end. */
  // Nest awaits whatever this returns; only the base class happens to have nothing to wait for.
  // eslint-disable-next-line @typescript-eslint/no-misused-promises
  override async close(): Promise<void> {
    this.closing = true
    this.server.close()
    if (this.underWay > 0) await new Promise<void>((resolve) => (this.drained = resolve))
    await Promise.all([...this.openSockets].map(ended))
    super.close()
  }

  /** A connection that broke, or sent what is no message: that may hold secrets, and stays out of the log. */
  protected override handleError(error: unknown): void {
    this.log.warn({ err: { message: error instanceof Error ? error.message : String(error) } }, "tcp error")
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
            this.log.info(
              {
                request_id: id,
                pattern: shortened(context?.getPattern()),
                caller: shortened((data as { caller?: unknown } | null | undefined)?.caller),
                outcome,
                ms: Math.round((performance.now() - start) * 10) / 10,
              },
              "message",
            )
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

/** Stands for the data of a message that is over the limit. */
const OVERSIZED = Object.freeze({})

/** Nest's framing, which ends the connection at its limit, and with it all that others have under way on it. */
class MessageSocket extends JsonSocket {
  constructor(socket: Socket) {
    super(socket, { maxBufferSize: READ_LIMIT })
  }

  protected override emitMessage(text: string): void {
    if (text.length <= MESSAGE_LIMIT) {
      super.emitMessage(text)
      return
    }
    const message = JSON.parse(text) as { id?: unknown; pattern?: unknown } | null
    this.netSocket.emit("message", { id: message?.id, pattern: message?.pattern, data: OVERSIZED })
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
