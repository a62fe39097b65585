import { beforeAll, describe, expect, it } from "@jest/globals"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { TypeComparison } from "./type-differences.js"

/** Differences, each line as {@link TypeComparison.differences} writes it, by the reason why they are allowed. */
type Allowed = Record<string, string[]>

const linesOf = (allowed: Allowed) => Object.values(allowed).flat().sort()

/** The same difference of several properties of one interface. */
const each = (type: string, names: string, difference: string) =>
  names.split(" ").map((name) => `${type}.${name}: ${difference}`)

const RESPONSES: Allowed = {
  "JSON has no Date: Medusa's own responses have texts, too": [
    ...each("AdminApiKey", "created_at deleted_at last_used_at revoked_at updated_at", "string"),
    "BaseCapture.created_at: string",
    "BasePaymentSession.authorized_at: string",
    "BaseRefund.created_at: string",
  ],
  "null until it happens, as in Medusa's own responses": [
    "BasePayment.canceled_at: null",
    "BasePayment.captured_at: null",
    "BasePaymentCollection.completed_at: null",
    "BasePaymentSession.authorized_at: null",
    "BasePaymentSession.payment: null",
  ],
  "null if nobody wrote it, and always for storefronts": [
    "AdminApiKey.created_by: null",
    "BaseCapture.created_by: null",
    "BasePaymentCollection.metadata: null",
    "BaseRefund.created_by: null",
  ],
  "only if `fields` asks for it, as in Medusa": [
    "AdminOrder.payment_collections: undefined",
    "AdminPaymentCollection.payment_providers: undefined",
    "BaseCapture.payment: undefined",
    "BasePaymentCollection.payment_providers: undefined",
    "BaseRefund.payment: undefined",
    "StorePaymentCollection.payment_providers: undefined",
  ],
  "null if the row that it refers to was deleted": [
    "AdminPayment.payment_collection: null",
    "AdminPayment.payment_session: null",
    "AdminPaymentSession.payment_collection: null",
    "BaseCapture.payment: null",
    "BasePayment.payment_collection: null",
    "BasePayment.payment_session: null",
    "BasePaymentSession.payment_collection: null",
    "BaseRefund.payment: null",
    "StorePaymentSession.payment_collection: null",
  ],
  "Medusa's database has this status; its types for HTTP leave it out": [
    'BasePaymentCollection.status: "partially_captured"',
  ],
  "the service keeps no orders, only their payments": [
    ...each("AdminOrder", "items shipping_methods", "missing"),
    ...each("BaseOrder", "created_at customer_id email fulfillment_status status updated_at version", "missing"),
    ...each("BaseOrder", "credit_line_total discount_tax_total discount_total summary total subtotal", "missing"),
    ...each("BaseOrder", "tax_total gift_card_tax_total gift_card_total item_discount_total item_total", "missing"),
    ...each("BaseOrder", "item_subtotal item_tax_total original_item_subtotal original_item_tax_total", "missing"),
    ...each("BaseOrder", "original_item_total original_shipping_subtotal original_shipping_total", "missing"),
    ...each("BaseOrder", "original_shipping_tax_total original_subtotal original_tax_total", "missing"),
    ...each("BaseOrder", "original_total shipping_discount_total shipping_subtotal shipping_total", "missing"),
    ...each("BaseOrder", "shipping_tax_total", "missing"),
  ],
  "the service keeps no regions, only the ids of their providers": [
    "AdminPaymentProvider.is_enabled: missing",
    "BaseRegion.currency_code: missing",
    "BaseRegion.name: missing",
  ],
}

const BODIES: Allowed = {
  "the service keeps no regions: all that it takes is their providers": [
    ...each("AdminUpdateRegion", "automatic_taxes countries currency_code is_tax_inclusive metadata name", "not taken"),
    "AdminUpdateRegion.payment_providers: undefined",
  ],
}

let types: TypeComparison
beforeAll(() => {
  types = new TypeComparison("test/sdk/contracts.ts", "tsconfig.json")
})

// A difference that is not listed fails, and so does one that is listed and no longer exists.
describe("by the compiler, for every function of the js-sdk that is served,", () => {
  it("our responses fit the types of Medusa, but for what is listed with a reason", () => {
    expect(types.differences("ResponsePairs", "ours", "medusas")).toEqual(linesOf(RESPONSES))
  })

  it("the bodies that Medusa's types allow fit ours, but for what is listed with a reason", () => {
    expect(types.differences("BodyPairs", "medusas", "ours", { isStrict: true })).toEqual(linesOf(BODIES))
  })
})

describe("the comparison of types", () => {
  const differences = (name: string, isStrict = false) =>
    new TypeComparison("test/sdk/type-differences.fixture.ts", "tsconfig.json").differences(name, "from", "to", {
      isStrict,
    })

  it("names each property that does not fit, and why", () => {
    expect(differences("Unlike")).toEqual([
      "Inner.list: number",
      "Inner.nullable: null",
      'Inner.status: "other"',
      "Outer.needed: undefined",
      "Outer.other: missing",
      "texts: string",
    ])
  })

  it("finds nothing where all fits, also in circles", () => {
    expect(differences("Alike")).toEqual([])
  })

  it("counts what the other type does not take, if it is strict", () => {
    expect(differences("Larger")).toEqual([])
    expect(differences("Larger", true)).toEqual(["Small.extra: not taken"])
  })

  it("leaves the last word to the compiler", () => {
    expect(differences("Signatures")).toEqual(["functions: does not fit"])
  })
})

it("the types of Medusa are those that the js-sdk was built with", () => {
  const { resolve } = createRequire(import.meta.url)
  const read = (path: string) => JSON.parse(readFileSync(path, "utf8"))
  const sdk = read(join(dirname(resolve("@medusajs/js-sdk")), "..", "package.json"))
  const { version } = read(resolve("@medusajs/types/package.json"))
  expect(version).toBe(sdk.devDependencies["@medusajs/types"])
})
