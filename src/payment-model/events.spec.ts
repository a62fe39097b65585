import { describe, expect, it } from "@jest/globals"
import { Capture } from "./entities/capture.entity.js"
import { collectionEvent, outgrownEvent, EVENT_NAMES, paymentEvent, sessionEvent, type PaymentEvent } from "./events.js"
import { PaymentCollection } from "./entities/payment-collection.entity.js"
import { PaymentSession } from "./entities/payment-session.entity.js"
import { Payment } from "./entities/payment.entity.js"
import { Refund } from "./entities/refund.entity.js"

/** Marks what no event may tell. */
const SECRET = "told to nobody"

const collection = Object.assign(new PaymentCollection(), {
  id: "pay_col_1",
  cart_id: "cart_1",
  order_id: null,
  status: "authorized",
  currency_code: "eur",
  amount: 10_000n,
  authorized_amount: 10_000n,
  captured_amount: 4_000n,
  refunded_amount: 1_000n,
  metadata: { note: SECRET },
})

const session = Object.assign(new PaymentSession(), {
  id: "payses_1",
  payment_collection_id: "pay_col_1",
  provider_id: "pp_one_one",
  status: "authorized",
  currency_code: "eur",
  amount: 10_000n,
  client_data: { note: SECRET },
  data: { client_secret: SECRET },
  private_data: { key: SECRET },
  context: { customer: { id: "cus_1", email: SECRET } },
  metadata: { note: SECRET },
})

const payment = Object.assign(new Payment(), {
  id: "pay_1",
  payment_collection_id: "pay_col_1",
  payment_session_id: "payses_1",
  provider_id: "pp_one_one",
  currency_code: "eur",
  amount: 10_000n,
  authorized_amount: 10_000n,
  captured_amount: 4_000n,
  refunded_amount: 1_000n,
  data: { client_secret: SECRET },
  private_data: { key: SECRET },
  metadata: { note: SECRET },
})

const capture = Object.assign(new Capture(), { id: "capt_1", amount: 4_000n, metadata: { note: SECRET } })

const refund = (refund_reason_id: string | null) =>
  Object.assign(new Refund(), { id: "ref_1", amount: 1_000n, refund_reason_id, note: SECRET })

const PAYMENT_DATA = {
  id: "pay_1",
  payment_collection_id: "pay_col_1",
  payment_session_id: "payses_1",
  provider_id: "pp_one_one",
  currency_code: "eur",
  amount: "10000",
  authorized_amount: "10000",
  captured_amount: "4000",
  refunded_amount: "1000",
}

describe("an event", () => {
  it.each<[string, PaymentEvent, PaymentEvent["data"]]>([
    [
      "of a collection",
      collectionEvent("payment_collection.updated", collection),
      {
        id: "pay_col_1",
        cart_id: "cart_1",
        order_id: null,
        status: "authorized",
        currency_code: "eur",
        amount: "10000",
        authorized_amount: "10000",
        captured_amount: "4000",
        refunded_amount: "1000",
      },
    ],
    [
      "of a session",
      sessionEvent("payment_session.authorized", session),
      {
        id: "payses_1",
        payment_collection_id: "pay_col_1",
        provider_id: "pp_one_one",
        status: "authorized",
        currency_code: "eur",
        amount: "10000",
      },
    ],
    [
      "of a collection that its cart outgrew",
      outgrownEvent(collection, 2_000n),
      { ...collectionEvent("payment_collection.updated", collection).data, outstanding_amount: "2000" },
    ],
    ["of a payment", paymentEvent("payment.authorized", payment), PAYMENT_DATA],
    [
      "of a capture",
      paymentEvent("payment.captured", payment, { capture }),
      { ...PAYMENT_DATA, capture_id: "capt_1", capture_amount: "4000" },
    ],
    [
      "of a refund",
      paymentEvent("payment.refunded", payment, { refund: refund("refr_1") }),
      { ...PAYMENT_DATA, refund_id: "ref_1", refund_amount: "1000", refund_reason_id: "refr_1" },
    ],
    [
      "of a refund without a reason",
      paymentEvent("payment.refunded", payment, { refund: refund(null) }),
      { ...PAYMENT_DATA, refund_id: "ref_1", refund_amount: "1000", refund_reason_id: null },
    ],
  ])("%s tells figures as text, of the collection whose lock orders it, and nothing private", (_, event, data) => {
    expect(event.data).toEqual(data)
    expect(event.aggregateId).toBe("pay_col_1")
    expect(EVENT_NAMES).toContain(event.name)
    expect(JSON.stringify(event)).not.toContain(SECRET)
  })

  it("tells amounts exactly that no double could", () => {
    const large = Object.assign(new PaymentSession(), session, { amount: 2n ** 53n + 1n })
    expect(sessionEvent("payment_session.created", large).data["amount"]).toBe("9007199254740993")
  })
})

describe("the names of events", () => {
  it("each stand once, and say whose fact it is", () => {
    expect(new Set(EVENT_NAMES).size).toBe(EVENT_NAMES.length)
    for (const name of EVENT_NAMES) expect(name).toMatch(/^(payment_collection|payment_session|payment)\.[a-z_]+$/)
  })
})
