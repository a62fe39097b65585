import { once } from "node:events"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import type { BankRequest, FakeBank } from "./fake-bank.js"

const KEY = "gift-cards-secret-key"
const METHODS: Record<string, BankRequest["method"]> = {
  hold: "authorize",
  captures: "capture",
  refunds: "refund",
  cancel: "cancel",
}

interface Reply {
  status: number
  body: object
}

/** The gift card service that docs/providers.md writes a provider for, with a fake bank behind it. */
export async function serveGiftCards(bank: FakeBank): Promise<{ env: Record<string, string>; close: () => void }> {
  const replies = new Map<string, Reply>()
  const server = createServer((request, response) => {
    void reply(bank, replies, request).then((answer) => {
      if (!answer) return response.destroy()
      return response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(answer.body))
    })
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    env: { GIFT_CARDS_URL: url, GIFT_CARDS_KEY: KEY },
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function reply(
  bank: FakeBank,
  replies: Map<string, Reply>,
  request: IncomingMessage,
): Promise<Reply | undefined> {
  const [, section, id = "", last] = (request.url ?? "").split("/")
  if (section === "sandbox") return sandbox(bank, id, last)
  if (request.headers.authorization !== `Bearer ${KEY}`) return { status: 401, body: { code: "unauthorized" } }
  if (section === "requests") {
    const first = replies.get(id)
    return first ? { status: 200, body: first } : { status: 404, body: {} }
  }
  const order = JSON.parse(await text(request)) as Record<"reference" | "amount" | "currency" | "card", string>
  const idempotencyKey = String(request.headers["idempotency-key"])
  const answer = await bank.take({
    method: last === undefined ? (id === "" ? "initiate" : "update") : (METHODS[last] ?? "lookUp"),
    idempotencyKey,
    sessionId: order.reference,
    amount: BigInt(order.amount),
    currency: order.currency,
    isFinal: false,
    intent: id.replace("order_", "fi_"),
    rest: order.card,
  })
  if (answer.line !== "answer") return undefined
  const { outcome } = answer
  const done = {
    order: `order_${order.reference}`,
    card_ending: "1234",
    amount: order.amount,
    currency: order.currency,
  }
  const given: Reply =
    outcome.outcome === "declined"
      ? { status: 402, body: { code: outcome.refusedBy === "issuer" ? "insufficient_balance" : "not_possible" } }
      : { status: 200, body: done }
  replies.set(idempotencyKey, given)
  return given
}

function sandbox(bank: FakeBank, what: string, orderId = ""): Reply {
  if (what === "decline") bank.script("authorize", "decline")
  const account = bank.books.get(orderId.replace("order_", ""))
  const { authorized: held = 0n, captured = 0n, refunded = 0n } = account ?? {}
  return { status: 200, body: { held: String(held), captured: String(captured), refunded: String(refunded) } }
}
