import { TcpSocket, type TcpContext } from "@nestjs/microservices"
import type { Socket } from "node:net"
import { StringDecoder } from "node:string_decoder"
import { TLSSocket } from "node:tls"
import type { Connection, Connections, Refusal } from "./tcp-connections.js"

/** Characters of a message, envelope included; whatever stands in an HTTP body fits. */
export const MESSAGE_LIMIT = 200 * 1024

/**
 * Characters that are read at most, so that a message over the limit is refused by name; all but its ends is dropped on
 * arrival. More ends the connection.
 */
const READ_LIMIT = 5 * MESSAGE_LIMIT

/** Characters of the ends of a message over the limit, which hold its pattern and its id. */
const ENDS = 300

/** Characters that cost as much as a message: parsing the largest message takes about as long as 20 small ones. */
const CHARACTERS_PER_UNIT = 10_000

/** Bytes of responses that a peer leaves unread at most: some pages of the longest lists. More ends the connection. */
const SEND_LIMIT = 16 * 1024 * 1024

/** Chunks after which they are put together, so that a peer who sends single bytes does not cost an object for each. */
const CHUNKS = 64

/** Milliseconds without any traffic after which half a message is taken for lost. */
const INCOMPLETE_TIMEOUT = 30_000

/** Milliseconds that a peer whose connection ends gets to read the responses. */
const LINGER = 1_000

/** A header has at most this many digits, a "#" after them. */
const HEADER = /^(\d{1,7})#/
const PART_OF_HEADER = /^\d{0,7}$/
const HEADER_LENGTH = 8

/** Bytes of a character that the decoder keeps until the rest arrives. */
const PART_OF_CHARACTER = 3

/** Stands for the data of a message that is over the limit. */
export const OVERSIZED = Object.freeze({})

/** A message of which a part has arrived. */
interface Frame {
  readonly length: number
  missing: number
  /** Of a message over the limit the start only. */
  body: string
  /** Of a message over the limit the end. */
  tail: string
}

/** Records that the message of this context was accepted. */
export function authenticateConnection(context: TcpContext): void {
  const socket = context.getSocketRef()
  if (socket instanceof MessageSocket) socket.authenticate()
}

/**
 * Nest's framing, `length#json`, in which the length counts UTF-16 units. Nest's own class has no limit on the messages in
 * progress, starts all that has arrived in one go, and copies the rest of a chunk for every message in it.
 */
export class MessageSocket extends TcpSocket {
  private readonly decoder = new StringDecoder()
  private readonly connection: Connection
  /** The bytes of a message that cannot be complete yet, outside of the heap, so that they cost no garbage collection. */
  private chunks: Buffer[] = []
  private bytes = 0
  /** Received text; everything before `position` is parsed. */
  private text = ""
  private position = 0
  private frame: Frame | undefined
  /** A complete message that waits to be started. */
  private next: Frame | undefined
  private inProgress = 0
  private started = 0
  private isBlocked = false
  /** An unauthenticated connection reads one chunk per turn. */
  private mayRead = true
  private isEnding = false

  constructor(
    socket: Socket,
    private readonly connections: Connections,
  ) {
    super(socket)
    this.connection = connections.of(socket)
    if (socket instanceof TLSSocket && socket.authorized) this.connection.authenticate()
    socket.setTimeout(INCOMPLETE_TIMEOUT, () => {
      if (this.isIncomplete && this.inProgress === 0) this.refuse("incomplete message")
    })
  }

  get authenticated(): boolean {
    return this.connection.authenticated
  }

  /** Whether messages have arrived that nobody has seen yet. */
  get hasBacklog(): boolean {
    return this.next !== undefined && !this.isEnding && !this.socket.destroyed
  }

  authenticate(): void {
    if (this.connection.authenticated) return
    this.connection.authenticate()
    this.advance()
  }

  /** Logs a refusal, at most one per connection. */
  report(reason: Refusal, about: object): void {
    this.connection.report(reason, about)
  }

  /** A message is no longer in progress; the next may start. */
  release(): void {
    this.inProgress--
    const { unauthenticatedMessages } = this.connections.limits
    if (!this.authenticated && this.inProgress === 0 && this.started >= unauthenticatedMessages) {
      this.refuse("too many unauthenticated messages")
      return
    }
    this.advance()
  }

  /** Starts the message that is complete. */
  private readonly start = (): number => {
    const message = this.next
    if (!message || this.isEnding || this.socket.destroyed || !this.mayStart()) return 0
    this.next = undefined
    this.inProgress++
    if (!this.authenticated) this.started++
    this.emit(message)
    this.advance()
    return 1 + message.length / CHARACTERS_PER_UNIT
  }

  private readonly readOn = (): number => {
    this.mayRead = true
    this.readIfFree()
    return 1
  }

  override sendMessage(message: { isDisposed?: boolean; status?: string }, callback?: (error?: unknown) => void): void {
    try {
      super.sendMessage(message, callback)
    } finally {
      // The last packet of a response, or that there is no handler.
      if (message.isDisposed || message.status === "error") this.release()
    }
  }

  protected handleSend(message: unknown, callback?: (error?: unknown) => void): void {
    const json = JSON.stringify(message)
    if (!this.socket.write(`${json.length}#${json}`, callback) && !this.isBlocked) {
      this.isBlocked = true
      this.socket.once("drain", () => {
        this.isBlocked = false
        this.advance()
      })
    }
    if (this.socket.writableLength > SEND_LIMIT) this.connection.end("responses not read")
  }

  protected handleData(data: Buffer | string): void {
    if (this.isEnding) return
    this.chunks.push(typeof data === "string" ? Buffer.from(data) : data)
    this.bytes += data.length
    if (this.bytes >= this.neededBytes) {
      this.text = this.text.slice(this.position) + this.decoder.write(this.takeBytes())
      this.position = 0
    } else if (this.chunks.length >= CHUNKS) {
      this.chunks = [Buffer.concat(this.chunks)]
    }
    if (!this.authenticated) this.mayRead = false
    this.advance()
    if (!this.mayRead) this.connections.reads.enter(this.readOn)
  }

  private get isIncomplete(): boolean {
    return this.frame !== undefined || this.position < this.text.length || this.bytes > 0
  }

  /** The bytes without which no message can be complete: each character has one at least, the first may have arrived in part. */
  private get neededBytes(): number {
    if (this.frame) return this.frame.length <= MESSAGE_LIMIT ? this.frame.missing - PART_OF_CHARACTER : 0
    if (this.position < this.text.length) return 0
    const [header = "", digits] = HEADER.exec(this.chunks[0]?.toString("latin1", 0, HEADER_LENGTH) ?? "") ?? []
    return Number(digits) <= MESSAGE_LIMIT ? header.length + Number(digits) : 0
  }

  private takeBytes(): Buffer {
    const [first = Buffer.alloc(0), ...more] = this.chunks
    this.chunks = []
    this.bytes = 0
    return more.length > 0 ? Buffer.concat([first, ...more]) : first
  }

  /** Takes the text apart up to the next message, and starts that as soon as the limits allow. */
  private advance(): void {
    if (this.isEnding || this.socket.destroyed) return
    this.next ??= this.takeMessage()
    if (this.next && this.mayStart()) this.connections.startsOf(this.connection).enter(this.start)
    const texts = this.text.length - this.position + (this.frame?.body.length ?? 0) + (this.next?.body.length ?? 0)
    this.connection.hold(texts + this.bytes)
    this.readIfFree()
  }

  private mayStart(): boolean {
    const { inProgress, unauthenticatedMessages } = this.connections.limits
    if (this.isBlocked || this.inProgress >= inProgress) return false
    return this.authenticated || this.started < unauthenticatedMessages
  }

  /** Reads on when everything that has arrived is started; until then the peer has to wait. */
  private readIfFree(): void {
    const free = this.mayRead && this.next === undefined && !this.isBlocked
    if (free === !this.socket.isPaused() || this.isEnding || this.socket.destroyed) return
    if (free) this.socket.resume()
    else this.socket.pause()
  }

  private takeMessage(): Frame | undefined {
    this.frame ??= this.takeHeader()
    const { frame } = this
    if (!frame) return undefined
    const end = Math.min(this.position + frame.missing, this.text.length)
    const part = this.text.slice(this.position, end)
    frame.missing -= part.length
    this.position = end
    if (frame.length <= MESSAGE_LIMIT) {
      frame.body += part
    } else {
      if (frame.body.length < ENDS) frame.body += part.slice(0, ENDS - frame.body.length)
      frame.tail = (frame.tail + part.slice(-ENDS)).slice(-ENDS)
    }
    if (frame.missing > 0) return undefined
    this.frame = undefined
    return frame
  }

  private takeHeader(): Frame | undefined {
    const start = this.text.slice(this.position, this.position + HEADER_LENGTH)
    const [header, digits] = HEADER.exec(start) ?? []
    if (header === undefined) {
      if (!PART_OF_HEADER.test(start)) this.refuse("invalid frame")
      return undefined
    }
    const length = Number(digits)
    if (length > READ_LIMIT) {
      this.refuse("message over the limit")
      return undefined
    }
    this.position += header.length
    return { length, missing: length, body: "", tail: "" }
  }

  private emit(frame: Frame): void {
    if (frame.length > MESSAGE_LIMIT) {
      const message = endsOf(frame)
      if (message) this.socket.emit("message", message)
      else this.refuse("message over the limit")
      return
    }
    let message: unknown
    try {
      message = JSON.parse(frame.body)
    } catch {
      this.refuse("invalid frame")
      return
    }
    this.socket.emit("message", message ?? {})
  }

  /** Ends the connection once the peer has read the responses. */
  private refuse(reason: Refusal): void {
    if (this.isEnding) return
    this.isEnding = true
    this.takeBytes()
    this.text = ""
    this.position = 0
    this.frame = undefined
    this.connection.hold(0)
    this.connection.report(reason)
    this.socket.pause()
    this.socket.destroySoon()
    setTimeout(() => this.socket.destroy(), LINGER).unref()
  }
}

/** The id and the pattern of a message over the limit. Nest puts the id last, others may put it first. */
function endsOf({ body, tail }: Frame): { id: unknown; pattern?: unknown; data: unknown } | undefined {
  const id =
    /"id":\s*("[^"\\]{1,100}"|\d{1,15})\s*\}$/.exec(tail) ?? /^\{\s*"id":\s*("[^"\\]{1,100}"|\d{1,15}),/.exec(body)
  if (id?.[1] === undefined) return undefined
  const pattern = /"pattern":\s*"([^"\\]{1,100})"/.exec(body)
  return { id: JSON.parse(id[1]), pattern: pattern?.[1], data: OVERSIZED }
}
