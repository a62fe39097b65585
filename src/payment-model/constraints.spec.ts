import { describe, expect, it } from "@jest/globals"
import { getMetadataArgsStorage, QueryFailedError } from "typeorm"
// The constraints are those of the entities, so all of them have to be loaded.
import "./entities/capture.entity.js"
import { translateConstraintError } from "./constraints.js"
import "./entities/payment-operation.entity.js"
import "./entities/refund.entity.js"

/** A write that the database refused by a constraint. */
const refusedBy = (constraint?: string) =>
  new QueryFailedError("INSERT", [], Object.assign(new Error("violates a constraint"), { code: "23505", constraint }))

const MONEY = [
  ["payment_captured_within_authorized", "You cannot capture more than the authorized amount"],
  ["payment_refunded_within_captured", "You are not allowed to refund more than the captured amount"],
  ["capture_amount_above_zero", "Capture amount must be greater than 0."],
  ["refund_amount_above_zero", "Refund amount must be greater than 0."],
] as const

const RACES = [
  "payment_collection_live_cart",
  "payment_session_open",
  "payment_one_per_session",
  "payment_operation_one_per_session",
  "payment_operation_one_cancel",
  "payment_operation_request_key",
]

describe("a row that the database refuses", () => {
  it.each(MONEY)("by %s is refused in the words of the rule", (constraint, message) => {
    const refusal = { kind: "invalid_data", message: expect.stringContaining(message) }
    expect(translateConstraintError(refusedBy(constraint))).toMatchObject(refusal)
  })

  it.each(RACES)("by %s is one that another request got in before", (constraint) => {
    const refusal = { kind: "conflict", code: "changed_meanwhile", retryAfter: 1 }
    expect(translateConstraintError(refusedBy(constraint))).toMatchObject(refusal)
  })

  it("for a refund reason that is not there is told so", () => {
    expect(translateConstraintError(refusedBy("refund_reason_fk"))).toMatchObject({ kind: "not_found" })
  })

  it.each([
    ["by a constraint that is none of the aggregate's", refusedBy("api_key_token")],
    ["by no constraint", refusedBy()],
    ["by an error of the driver that names none", new Error("refused")],
    ["by something that is no error", "refused"],
  ])("%s is left to others", (_, error) => {
    expect(translateConstraintError(error)).toBeUndefined()
  })

  it("is refused by constraints that the entities declare, by these names", () => {
    const { checks, indices, joinColumns } = getMetadataArgsStorage()
    const declared = [
      ...[...checks, ...indices].map(({ name }) => name),
      ...joinColumns.map(({ foreignKeyConstraintName }) => foreignKeyConstraintName),
    ]
    expect(declared).toEqual(expect.arrayContaining([...MONEY.map(([name]) => name), ...RACES, "refund_reason_fk"]))
  })
})
