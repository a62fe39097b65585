import { newId } from "../../src/common/ids.js"
import { REGION, type TestService } from "./service.js"

let carts = 0

/** A cart as its owner tells it: 10 eur in the region of the tests, unless said otherwise. */
export async function putCart(service: TestService, cart: Record<string, unknown> = {}): Promise<string> {
  const { id = `cart_${process.pid}_${carts++}`, ...rest } = cart
  const body = { currency_code: "eur", total: 10, region_id: REGION, email: "buyer@example.com", ...rest }
  const answer = await service.admin("PUT", `/admin/carts/${String(id)}`, body)
  if (answer.status !== 200) throw new Error(`put cart: ${answer.status} ${JSON.stringify(answer.body)}`)
  return String(id)
}

/** A cart with its collection. */
export async function newCollection(
  service: TestService,
  cart: Record<string, unknown> = {},
): Promise<{ cartId: string; id: string }> {
  const cartId = await putCart(service, cart)
  const answer = await service.store("POST", "/store/payment-collections", { cart_id: cartId })
  if (answer.status !== 200) throw new Error(`create: ${answer.status} ${JSON.stringify(answer.body)}`)
  return { cartId, id: answer.body.payment_collection.id as string }
}

/** A collection with an open session. */
export async function newSession(
  service: TestService,
  cart: Record<string, unknown> = {},
  request: Record<string, unknown> = { provider_id: "pp_system_default" },
): Promise<{ cartId: string; id: string; sessionId: string }> {
  const { cartId, id } = await newCollection(service, cart)
  const answer = await service.store("POST", `/store/payment-collections/${id}/payment-sessions`, request)
  if (answer.status !== 200) throw new Error(`session: ${answer.status} ${JSON.stringify(answer.body)}`)
  return { cartId, id, sessionId: answer.body.payment_collection.payment_sessions[0].id as string }
}

/** A payment: a session that was authorized. */
export async function newPayment(
  service: TestService,
  cart: Record<string, unknown> = {},
  request?: Record<string, unknown>,
): Promise<{ cartId: string; id: string; sessionId: string; paymentId: string }> {
  const { cartId, id, sessionId } = await newSession(service, cart, request)
  const answer = await service.store("POST", `/store/payment-collections/${id}/payment-sessions/${sessionId}/authorize`)
  if (answer.status !== 200) throw new Error(`authorize: ${answer.status} ${JSON.stringify(answer.body)}`)
  return { cartId, id, sessionId, paymentId: answer.body.payment_collection.payments[0].id as string }
}

/** A collection that was authorized, captured and refunded in part, written as rows: 10.00 authorized, 4 + 3 captured, 2 refunded. */
export async function newPaidCollection(
  service: TestService,
): Promise<{ cartId: string; id: string; sessionId: string; paymentId: string }> {
  const { cartId, id } = await newCollection(service)
  const [sessionId, paymentId] = [newId("payses"), newId("pay")]
  const sql = (statement: string, parameters: unknown[]) => service.dataSource.query(statement, parameters)
  await sql(
    `INSERT INTO payment_session (id, payment_collection_id, provider_id, currency_code, amount, status, data, private_data, context, authorized_at)
     VALUES ($1, $2, 'pp_system_default', 'eur', 1000, 'authorized', '{"shown": "yes"}', '{"hidden": "secret"}',
       '{"customer": {"id": "cus_1", "email": "private@example.com"}}', now())`,
    [sessionId, id],
  )
  await sql(
    `INSERT INTO payment (id, payment_collection_id, payment_session_id, provider_id, currency_code, amount, authorized_amount, captured_amount, refunded_amount, private_data)
     VALUES ($1, $2, $3, 'pp_system_default', 'eur', 1000, 1000, 700, 200, '{"hidden": "secret"}')`,
    [paymentId, id, sessionId],
  )
  await sql(
    "INSERT INTO refund_reason (id, label, code) VALUES ('refr_test', 'Late', 'late') ON CONFLICT DO NOTHING",
    [],
  )
  for (const [after, amount, status] of [
    [1, 400, "succeeded"],
    [2, 300, "succeeded"],
    [3, 50, "unknown"],
  ] as const) {
    await sql(
      "INSERT INTO capture (id, payment_id, amount, status, created_at) VALUES ($1, $2, $3, $4, now() + $5 * interval '1 second')",
      [newId("capt"), paymentId, amount, status, after],
    )
  }
  await sql(
    "INSERT INTO refund (id, payment_id, amount, status, refund_reason_id, note) VALUES ($1, $2, 200, 'succeeded', 'refr_test', 'sorry')",
    [newId("ref"), paymentId],
  )
  await sql(
    "UPDATE payment_collection SET status = 'authorized', authorized_amount = 1000, captured_amount = 700, refunded_amount = 200 WHERE id = $1",
    [id],
  )
  return { cartId, id, sessionId, paymentId }
}
