import { ClientTCP, type TcpClientOptions, type TcpSocket } from "@nestjs/microservices"
import type { Socket } from "node:net"
import type { Observable } from "rxjs"

/** Nest's TCP client. It connects at the first call, and again at the next one after the connection was lost. */
export class Connection extends ClientTCP {
  /** @param deadline milliseconds that connecting may take. Without it, an attempt lasts for minutes, and every call waits for it */
  constructor(
    options: Required<TcpClientOptions>["options"],
    private readonly deadline: number,
  ) {
    super(options)
  }

  override createSocket(): TcpSocket {
    const socket = super.createSocket()
    const connectTimeout = setTimeout(() => {
      socket.netSocket.destroy(new Error(`no connection within ${this.deadline} ms`))
    }, this.deadline)
    for (const event of [this.connected, "close"]) {
      socket.once(event, () => {
        clearTimeout(connectTimeout)
      })
    }
    return socket
  }

  /** Waits for the TLS handshake. Otherwise a wrong certificate would show as a connection lost during a call. */
  protected override connect$(socket: Socket): Observable<unknown> {
    return super.connect$(socket, "error", this.connected)
  }

  private get connected(): string {
    return this.tlsOptions ? "secureConnect" : "connect"
  }

  /** Does not wait for the other side's goodbye: one that hangs would keep the process from ending. */
  override close(): void {
    this.socket?.netSocket.destroy()
    super.close()
  }

  /** Each failure is thrown at the calls that it fails; a line in the caller's log would say it twice. */
  override handleError(): void {
    return undefined
  }
}
