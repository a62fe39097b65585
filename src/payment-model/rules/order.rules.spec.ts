import { describe, expect, it } from "@jest/globals"
import { derivePaymentStatus, type OrderPart } from "./order.rules.js"

const part = (status: OrderPart["status"], captured_amount = 0n, refunded_amount = 0n, amount = 1_000n): OrderPart => ({
  status,
  amount,
  captured_amount,
  refunded_amount,
})

describe("the payment status of an order", () => {
  it.each([
    ["not_paid", []],
    ["not_paid", [part("not_paid")]],
    ["not_paid", [part("failed"), part("canceled")]],
    ["awaiting", [part("awaiting")]],
    ["awaiting", [part("not_paid"), part("awaiting")]],
    ["authorized", [part("authorized")]],
    ["authorized", [part("authorized"), part("canceled")]],
    ["partially_authorized", [part("authorized"), part("not_paid")]],
    ["partially_authorized", [part("partially_authorized")]],
    ["captured", [part("completed", 1_000n)]],
    ["captured", [part("completed", 1_000n), part("canceled")]],
    ["captured", [part("completed", 0n, 0n, 0n)]],
    ["partially_captured", [part("authorized", 1n)]],
    ["partially_captured", [part("partially_captured", 999n)]],
    ["partially_captured", [part("completed", 1_000n), part("authorized")]],
    ["refunded", [part("completed", 1_000n, 1_000n)]],
    ["refunded", [part("partially_captured", 500n, 500n)]],
    ["partially_refunded", [part("completed", 1_000n, 1n)]],
    ["partially_refunded", [part("completed", 1_000n, 1_000n), part("completed", 1_000n)]],
    ["canceled", [part("canceled")]],
    ["canceled", [part("canceled"), part("canceled", 0n, 0n, 0n)]],
  ] as const)("is %s", (status, parts) => {
    expect(derivePaymentStatus(parts)).toBe(status)
  })

  it("takes one minor unit that is missing for what it is", () => {
    expect(derivePaymentStatus([part("authorized", 999n)])).toBe("partially_captured")
    expect(derivePaymentStatus([part("completed", 1_000n, 999n)])).toBe("partially_refunded")
  })
})
