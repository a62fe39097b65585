import type { Server, Socket } from "node:net"
import type { Logger } from "pino"

/** The limits of a TCP server. Tests set lower values. */
export interface TcpLimits {
  connections: number
  unauthenticatedCharacters: number
  unauthenticatedMessages: number
  /** Milliseconds. */
  authenticationDeadline: number
  inProgress: number
}

export const TCP_LIMITS: TcpLimits = {
  /**
   * An instance of an internal service holds one connection, so this is hundreds of instances. It stays below the 1,024
   * open files that many systems give a process, and leaves some for HTTP and the database.
   */
  connections: 500,
  /**
   * Characters of unauthenticated messages in memory, over all connections: 40 of the largest messages, or thousands of
   * usual ones, arriving at the same time. A character takes one or two bytes, so at most 16 MB.
   */
  unauthenticatedCharacters: 8 * 1024 * 1024,
  /** Messages until one has to be accepted. A right client needs one; a wrong one gets some answers that say what is wrong. */
  unauthenticatedMessages: 10,
  /** Longer than a slow client needs for its TLS handshake and the largest message, about half a minute. */
  authenticationDeadline: 35_000,
  /** Three times the pool of database connections: more at the same time would only wait for the database. */
  inProgress: 32,
}

/** Messages that one group of connections may start in one turn of the event loop: about 3 ms of work. */
const MESSAGES_PER_TURN = 16

/** Chunks of at most 64 kB that are read of unauthenticated connections in one turn: less than 1 ms of work. */
const CHUNKS_PER_TURN = 4

/** Milliseconds between two log lines about the same kind of refusal. */
const LOG_INTERVAL = 1_000

/** Finds dead peers, which would keep their connection forever, after about this many milliseconds. */
const KEEP_ALIVE = 60_000

/** Why a connection or a message was refused; a closed set, so that it bounds the log. */
export type Refusal =
  | "connection limit"
  | "no authentication before the deadline"
  | "unauthenticated bytes"
  | "too many unauthenticated messages"
  | "unauthorized"
  | "event packet"
  | "invalid frame"
  | "message over the limit"
  | "incomplete message"
  | "responses not read"
  | "connection error"

/** One accepted connection, from before the TLS handshake to its end. */
export class Connection {
  private isAuthenticated = false
  private isForgotten = false
  private reported = false
  private held = 0

  constructor(
    private readonly socket: Socket,
    private readonly all: Connections,
  ) {}

  get authenticated(): boolean {
    return this.isAuthenticated
  }

  /** A message was accepted, or the certificate of the client: the limits for strangers end here. */
  authenticate(): void {
    if (this.isAuthenticated) return
    this.hold(0)
    this.isAuthenticated = true
    this.socket.setKeepAlive(true, KEEP_ALIVE)
    this.all.trust(this)
  }

  /** @param characters of messages that are not processed yet; they count until the connection is authenticated */
  hold(characters: number): void {
    if (this.isAuthenticated || this.isForgotten) return
    const added = characters - this.held
    this.held = characters
    this.all.hold(added)
  }

  get holdsAnything(): boolean {
    return this.held > 0
  }

  /** It is closed, or about to be. */
  forget(): void {
    this.hold(0)
    this.isForgotten = true
  }

  /** Logs why, once per connection. */
  report(reason: Refusal, about: object = {}): void {
    if (this.reported) return
    this.reported = true
    this.all.log.add(reason, { peer: this.socket.remoteAddress, ...about })
  }

  end(reason: Refusal): void {
    this.report(reason)
    this.all.forget(this)
    this.socket.destroy()
  }
}

/** The connections of a server and what they share: their limits, turns and log lines. */
export class Connections {
  readonly log: RefusalLog
  /** To read on an unauthenticated connection. */
  readonly reads = new Turns(CHUNKS_PER_TURN)
  /** To start a message; apart, so that strangers cannot delay those who are authenticated. */
  private readonly starts = { true: new Turns(MESSAGES_PER_TURN), false: new Turns(MESSAGES_PER_TURN) }
  private readonly bySocket = new WeakMap<Socket, Connection>()
  private readonly byPeer = new Map<string, Connection>()
  /** In the order in which they came. */
  private readonly unauthenticated = new Map<Connection, NodeJS.Timeout>()
  private readonly open = new Set<Connection>()
  private held = 0

  constructor(
    log: Logger,
    readonly limits: TcpLimits,
  ) {
    this.log = new RefusalLog(log)
  }

  /** Counts the connections of a server from before the TLS handshake. */
  watch(server: Server): void {
    server.prependListener("connection", (socket: Socket) => {
      this.admit(socket)
    })
  }

  /** The connection of a socket, which with TLS is another object than the one that was accepted. */
  of(socket: Socket): Connection {
    const connection = this.bySocket.get(socket) ?? this.byPeer.get(peerOf(socket))
    if (connection) return connection
    // The peer is gone already, and the address with it.
    socket.destroy()
    const gone = new Connection(socket, this)
    gone.forget()
    return gone
  }

  /** To start a message of this connection. */
  startsOf({ authenticated }: Connection): Turns {
    return this.starts[`${authenticated}`]
  }

  trust(connection: Connection): void {
    clearTimeout(this.unauthenticated.get(connection))
    this.unauthenticated.delete(connection)
  }

  hold(added: number): void {
    this.held += added
    while (this.held > this.limits.unauthenticatedCharacters) {
      const oldest = [...this.unauthenticated.keys()].find(({ holdsAnything }) => holdsAnything)
      if (!oldest) return
      oldest.end("unauthenticated bytes")
    }
  }

  forget(connection: Connection): void {
    connection.forget()
    this.trust(connection)
    this.open.delete(connection)
  }

  /**
   * At the limit the oldest unauthenticated connection ends, which is the new one if all others are authenticated. A peer
   * that only occupies connections loses them; a service authenticates within milliseconds.
   */
  private admit(socket: Socket): void {
    const connection = new Connection(socket, this)
    const peer = peerOf(socket)
    this.bySocket.set(socket, connection)
    this.byPeer.set(peer, connection)
    this.open.add(connection)
    const deadline = setTimeout(() => {
      connection.end("no authentication before the deadline")
    }, this.limits.authenticationDeadline)
    this.unauthenticated.set(connection, deadline.unref())
    // Without a listener the error of a connection that breaks during its TLS handshake would end the process.
    socket.on("error", () => undefined)
    socket.once("close", () => {
      this.forget(connection)
      if (this.byPeer.get(peer) === connection) this.byPeer.delete(peer)
    })
    if (this.open.size > this.limits.connections) {
      const [oldest] = this.unauthenticated.keys()
      oldest?.end("connection limit")
    }
  }
}

/** Does a piece of work and returns how much it was. */
export type Task = () => number

/**
 * Shares the event loop: each waiting connection does one piece of work after the other, and after a few pieces everything
 * else gets its turn. Node accepts one connection per turn, so long turns would also keep new connections waiting.
 */
export class Turns {
  private readonly waiting = new Set<Task>()
  private left: number
  private running = false
  private scheduled = false

  constructor(private readonly perTurn: number) {
    this.left = perTurn
  }

  /** Does the task now if this turn has room, or else in one of the next. */
  enter(task: Task): void {
    this.waiting.add(task)
    if (!this.running) this.run()
  }

  private run(): void {
    this.running = true
    try {
      for (const task of this.waiting) {
        if (this.left <= 0) break
        this.waiting.delete(task)
        this.left -= task()
      }
    } finally {
      this.running = false
    }
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(() => {
      this.scheduled = false
      this.left = this.perTurn
      if (this.waiting.size > 0) this.run()
    })
  }
}

/** Logs the first refusal of a kind, and then at most once per second how many there were since. */
class RefusalLog {
  private readonly counts = new Map<Refusal, number>()

  constructor(private readonly log: Logger) {}

  add(reason: Refusal, about: object): void {
    const count = this.counts.get(reason)
    if (count !== undefined) {
      this.counts.set(reason, count + 1)
      return
    }
    this.write({ reason, ...about })
    this.countFromNow(reason)
  }

  private countFromNow(reason: Refusal): void {
    this.counts.set(reason, 0)
    setTimeout(() => {
      const count = this.counts.get(reason) ?? 0
      this.counts.delete(reason)
      if (count === 0) return
      this.write({ reason, count })
      this.countFromNow(reason)
    }, LOG_INTERVAL).unref()
  }

  private write(line: object): void {
    this.log.warn(line, "tcp refused")
  }
}

function peerOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`
}
