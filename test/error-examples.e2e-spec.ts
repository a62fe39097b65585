import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { readFileSync } from "node:fs"
import { newId } from "../src/common/ids.js"
import { newCollection, newPayment, newSession } from "./support/factories.js"
import { TestService, type Answer } from "./support/service.js"

// The examples of errors in the API document, compared with what a request to the same route really gets.

interface Example {
  operationId: string
  method: string
  path: string
  status: number
  name: string
  value: { type: string; code?: string; message: string; details?: { field: string; message: string }[] }
  operation: Operation
}

interface Operation {
  operationId: string
  parameters?: { name: string; in: string; example?: string; schema: { example?: string } }[]
  requestBody?: { content: Record<string, { example?: Record<string, unknown> }> }
  responses: Record<string, { content?: Record<string, { examples?: Record<string, { value: Example["value"] }> }> }>
}

const JSON_TYPE = "application/json"
const DOCUMENT = JSON.parse(readFileSync(new URL("../docs/openapi.json", import.meta.url), "utf8")) as {
  paths: Record<string, Record<string, Operation>>
}

const EXAMPLES: Example[] = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
  Object.entries(methods).flatMap(([method, operation]) =>
    Object.entries(operation.responses).flatMap(([status, { content }]) =>
      Object.entries(content?.[JSON_TYPE]?.examples ?? {}).map(([name, { value }]) => ({
        operationId: operation.operationId,
        method: method.toUpperCase(),
        path,
        status: Number(status),
        name,
        value,
        operation,
      })),
    ),
  ),
)

/** What a provider, the database or another request causes. Their texts are those of every route, and have tests of their own. */
const CAUSED_ELSEWHERE = new Set([
  "changed_meanwhile",
  "operation_in_progress",
  "state_conflict",
  "payment_declined",
  "provider_error",
  "outcome_unknown",
  "unavailable",
  "unknown",
  "idempotency_key_in_use",
  "idempotency_mismatch",
])

/** What the service was not started with. */
const GONE_PROVIDER = "pp_gone_default"

let service: TestService
beforeAll(async () => {
  service = await TestService.start({ STRIPE_API_KEY: "sk_test_documented", STRIPE_WEBHOOK_SECRET: "whsec_documented" })
  await service.dataSource.query("INSERT INTO payment_provider (id, is_enabled) VALUES ($1, true)", [GONE_PROVIDER])
})
afterAll(() => service.close())

/** The path with the examples of its ids, or with these ids. */
function pathOf({ path, operation }: Example, ids: Record<string, string> = {}): string {
  const examples = Object.fromEntries((operation.parameters ?? []).map((each) => [each.name, exampleOf(each)]))
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? examples[name] ?? "")
}

const exampleOf = ({ example, schema }: NonNullable<Operation["parameters"]>[number]) => example ?? schema.example ?? ""

const bodyOf = ({ operation }: Example) => operation.requestBody?.content[JSON_TYPE]?.example

/** The request with the key that its route needs. */
async function send({ method, path }: Example, target: string, body?: unknown, headers = {}): Promise<Answer> {
  if (path.startsWith("/store/")) return service.store(method, target, body, { headers })
  return service.admin(method, target, body, { headers })
}

/** What makes a request to any route fail in a certain way. */
const ANYWHERE: Record<string, (example: Example) => Promise<Answer>> = {
  unauthorized: (example) => service.call(example.method, pathOf(example), bodyOf(example), {}),
  publishable_key: (example) =>
    service.store(example.method, pathOf(example), bodyOf(example), { key: `pk_${"0".repeat(64)}` }),
  cross_site: (example) => send(example, pathOf(example), bodyOf(example), { "sec-fetch-site": "cross-site" }),
  too_large: (example) => send(example, pathOf(example), { text: "x".repeat(110_000) }),
  unsupported_media_type: (example) => send(example, pathOf(example), "<a/>", { "content-type": "text/xml" }),
  invalid_data: (example) => {
    const [field = ""] = (example.value.details ?? []).map((detail) => detail.field)
    const parameters = (example.operation.parameters ?? []).filter(({ name }) => name === field)
    const place = parameters[0]?.in
    if (place === "path") return send(example, pathOf(example, { [field]: "%00" }))
    if (field === "limit") return send(example, `${pathOf(example)}?limit=-1`)
    if (field === "fields") return send(example, `${pathOf(example)}?fields=amuont`)
    if (place === "query") return send(example, pathOf(example))
    return send(example, pathOf(example), field === "amuont" ? { amuont: 1 } : {})
  },
  // Ids of examples may exist, such as that of a provider.
  not_found: async (example) => {
    const { parameters = [] } = example.operation
    const ids = parameters.filter(({ in: place }) => place === "path").map((each) => [each.name, `x${exampleOf(each)}`])
    const answer = await send(example, pathOf(example, Object.fromEntries(ids)), bodyOf(example))
    const text = JSON.stringify(answer.body)
    const plain = parameters.reduce((all, each) => all.replaceAll(`x${exampleOf(each)}`, exampleOf(each)), text)
    return { ...answer, body: JSON.parse(plain) }
  },
}

let reasons = 0
const newReason = async (code = `documented_${reasons++}`) =>
  (await service.admin("POST", "/admin/refund-reasons", { label: "Documented", code })).body.refund_reason.id as string

const newHolderOfGoneProvider = async () => {
  const id = newId("acchld")
  await service.dataSource.query(
    "INSERT INTO account_holder (id, provider_id, customer_id, external_id) VALUES ($1, $2, $1, $1)",
    [id, GONE_PROVIDER],
  )
  return id
}

const paidCollection = async () => {
  const { id } = await newCollection(service)
  await service.admin("POST", `/admin/payment-collections/${id}/mark-as-paid`, { order_id: "order_1" })
  return id
}

const giveToGoneProvider = async (paymentId: string) =>
  service.dataSource.query("UPDATE payment SET provider_id = $2 WHERE id = $1", [paymentId, GONE_PROVIDER])

async function withUnknownSession(example: Example): Promise<Answer> {
  const { id } = await newCollection(service)
  return send(example, pathOf(example, { id }))
}

async function withPaidCollection(example: Example): Promise<Answer> {
  const { id, sessionId } = await newSession(service)
  await service.dataSource.query("UPDATE payment_collection SET status = 'completed' WHERE id = $1", [id])
  return send(example, pathOf(example, { id, session_id: sessionId }))
}

/** The cart changed, and nobody could change the session at its provider. */
async function withGrownCart(example: Example): Promise<Answer> {
  const { id, sessionId, cartId } = await newSession(service, { total: 49.9 })
  await service.dataSource.query("UPDATE cart SET total = 5990 WHERE id = $1", [cartId])
  return send(example, pathOf(example, { id, session_id: sessionId }))
}

/** What makes a request to one route fail, by the operation and the example. */
const SPECIAL: Record<string, (example: Example) => Promise<Answer>> = {
  "createPaymentCollection not_found": (example) => send(example, pathOf(example), bodyOf(example)),
  "configureRegion not_found": (example) => send(example, pathOf(example), { payment_providers: ["pp_none_none"] }),
  "listEvents not_found": (example) => send(example, `${pathOf(example)}?after=evt_none`),
  "receivePaymentWebhook invalid_data": () => service.call("POST", "/hooks/payment/pp_stripe_stripe", {}, {}),
  ...Object.fromEntries(
    ["authorizePaymentSession", "authorizePaymentSessionAsAdmin"].flatMap((operationId) => [
      [`${operationId} not_found`, withUnknownSession],
      [`${operationId} not_allowed`, withPaidCollection],
      [`${operationId} amount_changed`, withGrownCart],
    ]),
  ),
  "authorizeOrderPaymentSession not_found": (example) => send(example, pathOf(example), bodyOf(example)),
  "authorizeOrderPaymentSession not_allowed": async (example) => {
    const { sessionId } = await newSession(service, { order_id: "order_documented" })
    return send(example, pathOf(example, { id: "order_documented" }), { payment_session_id: sessionId })
  },
  "authorizeOrderPaymentSession amount_changed": async (example) => {
    const { sessionId, cartId } = await newSession(service, { order_id: "order_grown", total: 49.9 })
    await service.dataSource.query("UPDATE payment_session SET status = 'pending_authorization' WHERE id = $1", [
      sessionId,
    ])
    await service.dataSource.query("UPDATE cart SET total = 5990 WHERE id = $1", [cartId])
    return send(example, pathOf(example, { id: "order_grown" }), { payment_session_id: sessionId })
  },
  "createPaymentSession not_allowed": async (example) =>
    send(example, pathOf(example, { id: await paidCollection() }), { provider_id: "pp_system_default" }),
  "createPaymentSessionAsAdmin not_allowed": async (example) =>
    send(example, pathOf(example, { id: await paidCollection() }), { provider_id: "pp_system_default" }),
  "updatePaymentCollection not_allowed": async (example) => {
    const { id } = await newCollection(service, { id: "cart_demo_1" })
    return send(example, pathOf(example, { id }), bodyOf(example))
  },
  "deletePaymentCollection not_allowed": async (example) =>
    send(example, pathOf(example, { id: await paidCollection() })),
  "markPaymentCollectionAsPaid not_allowed": async (example) =>
    send(example, pathOf(example, { id: await paidCollection() }), bodyOf(example)),
  "capturePayment invalid_data_2": async (example) => {
    const { paymentId } = await newPayment(service, { total: 10 })
    return send(example, pathOf(example, { id: paymentId }), { amount: 11 })
  },
  "refundPayment invalid_data_2": async (example) => {
    const { paymentId } = await newPayment(service, { total: 10 })
    await service.admin("POST", `/admin/payments/${paymentId}/capture`)
    return send(example, pathOf(example, { id: paymentId }), { amount: 11 })
  },
  "capturePayment not_allowed": async (example) => {
    const { paymentId } = await newPayment(service, { total: 49.9 })
    await service.admin("POST", `/admin/payments/${paymentId}/capture`, { amount: 20 })
    await service.admin("POST", `/admin/payments/${paymentId}/cancel`)
    await service.dataSource.query("UPDATE payment SET provider_id = 'pp_stripe_stripe' WHERE id = $1", [paymentId])
    return send(example, pathOf(example, { id: paymentId }))
  },
  "refundPayment not_allowed": async (example) => {
    const { paymentId } = await newPayment(service, { total: 49.9 })
    await service.admin("POST", `/admin/payments/${paymentId}/capture`)
    await giveToGoneProvider(paymentId)
    return send(example, pathOf(example, { id: paymentId }))
  },
  "cancelPayment not_allowed": async (example) => {
    const { paymentId } = await newPayment(service, { total: 49.9 })
    await service.admin("POST", `/admin/payments/${paymentId}/capture`)
    return send(example, pathOf(example, { id: paymentId }))
  },
  "refreshPayment not_allowed": async (example) => {
    const { paymentId } = await newPayment(service)
    await giveToGoneProvider(paymentId)
    return send(example, pathOf(example, { id: paymentId }))
  },
  "retryOperation not_allowed": async (example) => {
    const { paymentId } = await newPayment(service)
    await service.admin("POST", `/admin/payments/${paymentId}/capture`)
    const { body } = await service.admin("GET", `/admin/operations?payment_id=${paymentId}`)
    const id = body.operations[0].id as string
    await service.dataSource.query(
      "UPDATE payment_operation SET state = 'unknown', resolved_at = NULL, provider_id = $2 WHERE id = $1",
      [id, GONE_PROVIDER],
    )
    return send(example, pathOf(example, { id }))
  },
  "createAccountHolder not_allowed": (example) =>
    send(example, pathOf(example), { ...bodyOf(example), provider_id: "pp_system_default" }),
  ...Object.fromEntries(
    ["deleteAccountHolder", "listPaymentMethods", "savePaymentMethod", "deletePaymentMethod"].map((operationId) => [
      `${operationId} not_allowed`,
      async (example: Example) =>
        send(example, pathOf(example, { id: await newHolderOfGoneProvider() }), bodyOf(example)),
    ]),
  ),
  "deleteApiKey not_allowed": async (example) => {
    const { body } = await service.admin("POST", "/admin/api-keys", { title: "Documented", type: "secret" })
    return send(example, pathOf(example, { id: body.api_key.id }))
  },
  "createRefundReason invalid_request_error": async (example) => {
    await newReason("taken")
    return send(example, pathOf(example), { label: "Another", code: "taken" })
  },
  "updateRefundReason invalid_request_error": async (example) => {
    await newReason("taken_too")
    return send(example, pathOf(example, { id: await newReason() }), { code: "taken_too" })
  },
}

const requestFor = ({ operationId, name }: Example) => SPECIAL[`${operationId} ${name}`] ?? ANYWHERE[name]

const provokable = EXAMPLES.filter(({ name }) => !CAUSED_ELSEWHERE.has(name))

/** A message without ids, which differ from request to request. */
const withoutIds = (message: string) =>
  message.replaceAll(/\b(pp_\w+|evt_\w+|(pay|pay_col|payses|apk|op|cart|acchld)_\w+)/g, "ID")

describe("the example of an error in the API document", () => {
  it.each(provokable.map((example) => [example.operationId, example.name, example] as const))(
    "of %s, %s, is what such a request gets",
    async (_, __, example) => {
      const provoke = requestFor(example)
      if (!provoke) throw new Error("No request of this test gets this error")
      const { status, body } = await provoke(example)
      expect({ status, type: body.type, code: body.code, message: withoutIds(body.message) }).toEqual({
        status: example.status,
        type: example.value.type,
        code: example.value.code,
        message: withoutIds(example.value.message),
      })
      const wordsOf = (details: Example["value"]["details"] = []) =>
        details.map(({ field, message }) => ({ field, message: withoutIds(message) }))
      expect(wordsOf(body.details)).toEqual(wordsOf(example.value.details))
    },
  )
})
