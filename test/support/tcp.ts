import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { JsonSocket } from "@nestjs/microservices"

/** What comes back for a message: one of the two. */
export interface TcpAnswer {
  response?: any
  err?: any
}

/** A connection to the service that sends whatever a test wants, also what Nest's client would not. */
export class TcpConnection {
  private readonly answers = new Map<unknown, (answer: TcpAnswer) => void>()
  private readonly framed: JsonSocket
  private asked = 0

  private constructor(readonly socket: Socket) {
    this.framed = new JsonSocket(socket)
    this.framed.on("error", () => {})
    this.framed.on("message", (answer: TcpAnswer & { id: unknown }) => this.answers.get(answer.id)?.(answer))
  }

  static async open(port: number): Promise<TcpConnection> {
    const socket = connect(port, "127.0.0.1")
    await once(socket, "connect")
    return new TcpConnection(socket)
  }

  /** Sends a message and gives what comes back; data that is undefined is left out. */
  async ask(pattern: unknown, data?: unknown): Promise<TcpAnswer> {
    const id = `ask_${this.asked++}`
    return new Promise((resolve, reject) => {
      this.answers.set(id, resolve)
      this.socket.once("close", () => {
        reject(new Error("The connection was closed"))
      })
      this.framed.sendMessage({ pattern, data, id })
    })
  }

  /** Sends bytes as they are. */
  write(bytes: string | Buffer): void {
    this.socket.write(bytes)
  }

  async closed(): Promise<void> {
    if (!this.socket.destroyed) await once(this.socket, "close")
  }

  close(): void {
    this.socket.destroy()
  }
}
