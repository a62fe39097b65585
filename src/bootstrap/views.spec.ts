import { describe, expect, it } from "@jest/globals"
import { getMetadataArgsStorage } from "typeorm"
import type { Selection } from "../api/fields/fields.js"
import { allResources, registerResources, type Relation, type Resource } from "../api/fields/resource.js"
import {
  ADMIN_COLLECTION,
  ADMIN_COLLECTIONS,
  STORE_COLLECTION,
} from "../payment-model/resources/payment-collection.resource.js"
import { ADMIN_PAYMENT, ADMIN_PAYMENTS, PAYMENT } from "../payment-model/resources/payment.resource.js"
import { RESOURCES } from "./resources.js"

registerResources(RESOURCES)

const VIEWS = { STORE_COLLECTION, ADMIN_COLLECTION, ADMIN_COLLECTIONS, ADMIN_PAYMENT, ADMIN_PAYMENTS }

/** A selection as the names it answers, relation by relation. */
function namesOf(selection: Selection, path = ""): Record<string, string[]> {
  const own = { [path]: [...selection.scalars].sort() }
  const children = [...selection.relations].map(([name, child]) => namesOf(child, path ? `${path}.${name}` : name))
  return Object.assign(own, ...children) as Record<string, string[]>
}

const PAYMENT_NAMES = [
  "amount",
  "authorized_amount",
  "canceled_at",
  "capture_before",
  "captured_amount",
  "captured_at",
  "created_at",
  "currency_code",
  "data",
  "id",
  "metadata",
  "payment_collection_id",
  "payment_session_id",
  "provider_id",
  "refunded_amount",
  "updated_at",
]
const CAPTURE_NAMES = ["amount", "created_at", "created_by", "id", "metadata", "payment_id", "status"]
const REFUND_NAMES = [...CAPTURE_NAMES, "note", "refund_reason_id"].sort()
const REASON_NAMES = ["code", "created_at", "deleted_at", "description", "id", "label", "metadata", "updated_at"]

const paymentAt = (path: string) => ({
  [path]: PAYMENT_NAMES,
  [`${path}.captures`]: CAPTURE_NAMES,
  [`${path}.refunds`]: REFUND_NAMES,
  [`${path}.refunds.refund_reason`]: REASON_NAMES,
})

describe("by default", () => {
  it("a storefront gets the documented collection in full, and no way back up", () => {
    expect(namesOf(STORE_COLLECTION.select())).toEqual({
      "": [
        "amount",
        "authorized_amount",
        "captured_amount",
        "completed_at",
        "created_at",
        "currency_code",
        "id",
        "metadata",
        "outstanding_amount",
        "refunded_amount",
        "status",
        "updated_at",
      ],
      payment_providers: ["id"],
      payment_sessions: [
        "amount",
        "authorized_at",
        "context",
        "created_at",
        "currency_code",
        "data",
        "deleted_at",
        "id",
        "metadata",
        "payment_collection_id",
        "provider_id",
        "raw_amount",
        "status",
        "updated_at",
      ],
      ...paymentAt("payment_sessions.payment"),
      ...paymentAt("payments"),
    })
  })

  it.each([ADMIN_COLLECTION, ADMIN_COLLECTIONS])(
    "an operator gets Medusa's names and what is outstanding of $options.key",
    (view) => {
      const { "": own, ...relations } = namesOf(view.select())
      expect(own).toEqual([
        "amount",
        "authorized_amount",
        "captured_amount",
        "currency_code",
        "id",
        "outstanding_amount",
        "refunded_amount",
        "status",
      ])
      expect(Object.keys(relations)).toEqual(["payment_sessions", "payment_sessions.payment", "payments"])
    },
  )

  it.each([ADMIN_PAYMENT, ADMIN_PAYMENTS])(
    "an operator gets Medusa's names of $options.key, and the status of what moved",
    (view) => {
      expect(namesOf(view.select())).toEqual({
        "": ["amount", "captured_at", "currency_code", "id", "payment_collection_id", "payment_session_id"],
        captures: ["amount", "id", "status"],
        refunds: ["amount", "id", "note", "payment_id", "refund_reason_id", "status"],
        "refunds.refund_reason": ["code", "id", "label"],
      })
    },
  )
})

describe.each(Object.entries(VIEWS))("the view %s", (_, view) => {
  it("has no default that a caller could not name", () => {
    const named = view.select(view.options.defaults.filter((name) => name !== "*").join(","))
    const byDefault = view.select()
    expect([...named.relations.keys()].sort()).toEqual([...byDefault.relations.keys()].sort())
    for (const name of named.scalars) expect(byDefault.scalars).toContain(name)
  })
})

describe("a storefront", () => {
  it.each(["cart_id", "order_id", "region_id", "sales_channel_id", "payments.payment_collection.cart_id"])(
    "cannot name %s, an operator can",
    (name) => {
      expect(() => STORE_COLLECTION.select(name)).toThrow(`Unknown names in 'fields': '${name}'`)
      expect(() => ADMIN_COLLECTION.select(name)).not.toThrow()
    },
  )
})

describe("every relation", () => {
  const relations = allResources().flatMap((resource) =>
    [...resource.relations.values()].map((relation): [string, typeof relation, typeof resource] => [
      `${resource.name}.${relation.name}`,
      relation,
      resource,
    ]),
  )

  const entityRelation = ({ rows }: Resource, { name }: Relation) =>
    getMetadataArgsStorage()
      .filterRelations(rows)
      .find(({ propertyName }) => propertyName === name)

  // What has no relation of the tables: the providers are those of a region, and an order has no row.
  const WITHOUT_FOREIGN_KEY = ["payment_collection.payment_providers", "order.payment_collections"]

  it.each(relations)("%s leads to a resource, by the relation of its entity", (path, relation, resource) => {
    expect(allResources()).toContain(relation.target())
    const declared = entityRelation(resource, relation)
    expect(declared === undefined).toBe(WITHOUT_FOREIGN_KEY.includes(path))
    if (declared) expect(declared.relationType === "one-to-many").toBe(relation.many)
  })

  it("to captures and refunds finds all of them, except those that were superseded", () => {
    const { relations: ofPayment } = PAYMENT
    for (const name of ["captures", "refunds"]) {
      expect(ofPayment.get(name)?.where?.("child", "parent")).toBe("child.status <> 'superseded'")
    }
  })
})
