import { ApiProperty, ApiPropertyOptional, IntersectionType } from "@nestjs/swagger"
import { IsOptional, IsString } from "class-validator"
import type { View } from "../api/fields/fields.interceptor.js"
import { FilteredListQuery, type FilterSpec } from "../api/lists/list-query.js"
import { CommandMessage, Message } from "../api/message.js"
import { Field, ResourceOf } from "../api/fields/resource.js"
import { OptionalTextField, TimeField } from "../api/fields/resource-fields.js"
import { EXAMPLE } from "../payment-model/responses/examples.js"
import { AccountHolder } from "./account-holder.entity.js"

const EXAMPLE_PROVIDER_ID = "pp_stripe_stripe"
const EXAMPLE_CUSTOMER_ID = "cus_123"
const EXAMPLE_EMAIL = "buyer@example.com"

/** An account holder's id, as it stands in the API document. */
export const EXAMPLE_HOLDER_ID = "acchld_01M81ZB2C3D4E5F6G7H8J9K0MN"

export class CreateAccountHolderRequest {
  @ApiProperty({ description: "The provider that is to know the customer.", example: EXAMPLE_PROVIDER_ID })
  @IsString()
  provider_id!: string

  @ApiProperty({
    description: "The customer, in the words of the shop; at most 255 characters.",
    example: EXAMPLE_CUSTOMER_ID,
  })
  @IsString()
  customer_id!: string

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: "The customer's address, for the provider.",
    example: EXAMPLE_EMAIL,
  })
  @IsOptional()
  @IsString()
  email?: string | null

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: "The customer's name, for the provider; it is kept here until the provider has it.",
    example: "Ada Byron",
  })
  @IsOptional()
  @IsString()
  name?: string | null

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: "The customer's phone number, for the provider; it is kept here until the provider has it.",
    example: "+4930123456",
  })
  @IsOptional()
  @IsString()
  phone?: string | null
}

/** What lists of account holders filter by. */
export const ACCOUNT_HOLDER_FILTERS = {
  id: "text",
  provider_id: "text",
  customer_id: "text",
  external_id: "text",
  created_at: "time",
  updated_at: "time",
} satisfies FilterSpec

export class ListAccountHoldersQuery extends FilteredListQuery(ACCOUNT_HOLDER_FILTERS) {}

export class CreateAccountHolderMessage extends IntersectionType(CreateAccountHolderRequest, CommandMessage) {}
export class ListAccountHoldersMessage extends IntersectionType(ListAccountHoldersQuery, Message) {}

@ResourceOf("account_holder", AccountHolder)
export class AccountHolderResponse {
  @Field({ description: "The account holder's id.", example: EXAMPLE_HOLDER_ID })
  id!: string

  @Field({ description: "The provider whose customer it is.", example: EXAMPLE_PROVIDER_ID })
  provider_id!: string

  @Field({ description: "The customer, in the words of the shop.", example: EXAMPLE_CUSTOMER_ID })
  customer_id!: string

  @OptionalTextField("The customer, in the words of the provider; null until it has answered.", "cus_NffrFeUfNV2Hib")
  external_id!: string | null

  @OptionalTextField("The address that the provider was told first.", EXAMPLE_EMAIL)
  email!: string | null

  @TimeField("When it was asked for first.", EXAMPLE.time)
  created_at!: Date

  @TimeField("When it last changed.", EXAMPLE.time)
  updated_at!: Date
}

export const ACCOUNT_HOLDER: View = {
  key: "account_holder",
  type: AccountHolderResponse,
  audience: "admin",
  defaults: ["*"],
}

export const ACCOUNT_HOLDERS: View = { ...ACCOUNT_HOLDER, key: "account_holders" }

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
