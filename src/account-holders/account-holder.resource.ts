import { defineResource, Field } from "../api/fields/resource.js"
import { OptionalTextField, TimeField } from "../api/fields/resource-fields.js"
import { View } from "../api/fields/view.js"
import { EXAMPLE } from "../payment-model/resources/examples.js"
import { AccountHolder } from "./account-holder.entity.js"

const EXAMPLE_PROVIDER_ID = "pp_stripe_stripe"
const EXAMPLE_CUSTOMER_ID = "cus_123"
const EXAMPLE_EMAIL = "buyer@example.com"

/** An account holder's id, as it stands in the API document. */
export const EXAMPLE_HOLDER_ID = "acchld_01M81ZB2C3D4E5F6G7H8J9K0MN"

export class AccountHolderResponse {
  @Field({ description: "The account holder's id.", example: EXAMPLE_HOLDER_ID })
  id!: string

  @Field({ description: "The provider whose customer it is.", example: EXAMPLE_PROVIDER_ID })
  provider_id!: string

  @Field({ description: "The shop's id of the customer.", example: EXAMPLE_CUSTOMER_ID })
  customer_id!: string

  @OptionalTextField("The provider's id of the customer; null until it has responded.", "cus_NffrFeUfNV2Hib")
  external_id!: string | null

  @OptionalTextField("The email address that the provider got first.", EXAMPLE_EMAIL)
  email!: string | null

  @TimeField("When it was first requested.", EXAMPLE.time)
  created_at!: Date

  @TimeField("When it last changed.", EXAMPLE.time)
  updated_at!: Date
}

export function toAccountHolderResponse(holder: AccountHolder): AccountHolderResponse {
  return {
    id: holder.id,
    provider_id: holder.provider_id,
    customer_id: holder.customer_id,
    external_id: holder.external_id,
    email: holder.email,
    created_at: holder.created_at,
    updated_at: holder.updated_at,
  }
}

export const ACCOUNT_HOLDER_ID = { description: "The account holder's id.", example: EXAMPLE_HOLDER_ID }

export const ACCOUNT_HOLDER = defineResource({
  name: "account_holder",
  type: AccountHolderResponse,
  rows: AccountHolder,
  toResponse: toAccountHolderResponse,
})

export const ADMIN_ACCOUNT_HOLDER = new View({
  key: "account_holder",
  resource: ACCOUNT_HOLDER,
  audience: "admin",
  defaults: ["*"],
})

export const ADMIN_ACCOUNT_HOLDERS = ADMIN_ACCOUNT_HOLDER.list("account_holders")
