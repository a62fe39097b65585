import type { Socket } from "node:net"
import { InvalidData } from "../common/errors.js"
import { newId } from "../common/ids.js"
import { CACHE_CONTROL } from "./cache-control.js"

const TIMEOUT_CODE = "ERR_HTTP_REQUEST_TIMEOUT"

const NOT_HTTP = { status: "400 Bad Request", message: "The request is not valid HTTP." }

/** Why Node could not read a request, by the code of its error. The last one stands for every other code. */
export const BROKEN_REQUESTS: readonly { code?: string; status: string; message: string }[] = [
  {
    code: TIMEOUT_CODE,
    status: "408 Request Timeout",
    message: "The request did not arrive whole in time. Send it again on a new connection.",
  },
  {
    code: "HPE_HEADER_OVERFLOW",
    status: "431 Request Header Fields Too Large",
    message: "The headers are larger than 16 kB.",
  },
  NOT_HTTP,
]

/** Refuses data that is not HTTP, has too large headers, or does not arrive whole. Fastify has no request for it yet. */
export function refuseBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  // If the client has not read the previous response, it gets no further one.
  if (!socket.writable || socket.writableLength > 0 || error.code === "ECONNRESET") {
    socket.destroy()
    return
  }
  const { status, message } = BROKEN_REQUESTS.find(({ code }) => code === error.code) ?? NOT_HTTP
  const body = JSON.stringify(new InvalidData(message).toBody(newId("req")))
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\n${CACHE_CONTROL.name}: ${CACHE_CONTROL.value}\r\n` +
      `content-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  // A client that was silent for so long would not close its side either.
  if (error.code === TIMEOUT_CODE) socket.destroySoon()
}
