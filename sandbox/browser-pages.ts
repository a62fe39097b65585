import { parse } from "qs"
import type { StoredIntent } from "./records.js"
import { pathPattern } from "./path-pattern.js"
import { StripeError } from "./errors.js"
import type { Account } from "./routes.js"
import { STRIPE_JS } from "./stripe-js.js"

/** A response to a browser, besides the API. */
export interface Page {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export const CORS_HEADERS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "authorization, content-type, idempotency-key, stripe-version",
  "access-control-allow-methods": "GET, POST, OPTIONS",
}

const showsChallenge = pathPattern("GET /challenge/:id")
const submitsChallenge = pathPattern("POST /challenge/:id")

/** Serves Stripe.js, the page of a challenge, and CORS preflights; undefined for any other request. */
export function pageFor(account: Account, method: string, path: string, body: string): Page | undefined {
  if (method === "OPTIONS") return { status: 204, headers: CORS_HEADERS, body: "" }
  if (method === "GET" && path === "/stripe.js") return page(200, "text/javascript", STRIPE_JS)
  const shown = showsChallenge(method, path)?.["id"]
  const submitted = submitsChallenge(method, path)?.["id"]
  if (shown === undefined && submitted === undefined) return undefined
  try {
    return submitted === undefined
      ? challengePage(account.records.intent(shown ?? ""))
      : afterChallenge(account, submitted, parse(body)["result"] === "passed")
  } catch (error) {
    if (error instanceof StripeError) return page(error.status, "text/plain", error.message)
    return page(409, "text/plain", error instanceof Error ? error.message : String(error))
  }
}

function afterChallenge({ attempts }: Account, intentId: string, isPassed: boolean): Page {
  const intent = attempts.challengeEnds(intentId, isPassed ? "passed" : "failed")
  const location = attempts.returnUrl(intent)
  if (location === undefined) return page(200, "text/plain", "You can close this page.")
  return { status: 303, headers: { location }, body: "" }
}

const challengePage = ({ id, status }: StoredIntent): Page =>
  page(
    200,
    "text/html",
    `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>3D Secure</title></head>
  <body>
    <h1>Your bank asks</h1>
    <p>Is this payment yours? It is ${status}.</p>
    <form method="post" action="/challenge/${id}">
      <button name="result" value="passed">Complete authentication</button>
      <button name="result" value="failed">Fail authentication</button>
    </form>
  </body>
</html>
`,
  )

const page = (status: number, type: string, body: string): Page => ({
  status,
  headers: { "content-type": `${type}; charset=utf-8`, ...CORS_HEADERS },
  body,
})
