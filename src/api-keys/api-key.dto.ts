import { ApiProperty, ApiPropertyOptional } from "@nestjs/swagger"
import { ArrayMaxSize, IsArray, IsNotEmpty, IsNumber, IsOptional, IsString, Max, MaxLength, Min } from "class-validator"
import { exampleOf } from "../api/fields/example.js"
import type { View } from "../api/fields/fields.interceptor.js"
import { FilteredListQuery, type FilterSpec } from "../api/lists/list-query.js"
import { Field, ResourceOf } from "../api/fields/resource.js"
import { OptionalTextField, OptionalTimeField, TimeField } from "../api/fields/resource-fields.js"
import { HasAtMost, IsOneOf } from "../api/validation/validation.js"
import { API_KEY_TYPES, ApiKey, type ApiKeyType } from "./api-key.entity.js"
import { isSecret } from "./api-key.rules.js"

/** Sales channels that one key is confined to. */
export const MAX_CHANNELS = 500

export class CreateApiKeyRequest {
  @ApiProperty({ description: "What the key is for, for people.", example: "Storefront" })
  @HasAtMost(255)
  @IsString()
  title!: string

  @ApiProperty({
    description: "For the store routes, or for the admin routes.",
    enum: API_KEY_TYPES,
    example: "publishable",
  })
  @IsOneOf(API_KEY_TYPES)
  type!: ApiKeyType
}

export class UpdateApiKeyRequest {
  @ApiProperty({ description: "What the key is for, for people.", example: "Storefront, Europe" })
  @HasAtMost(255)
  @IsString()
  title!: string
}

const TEN_YEARS = 10 * 365 * 24 * 60 * 60

export class RevokeApiKeyRequest {
  @ApiPropertyOptional({
    type: Number,
    minimum: 0,
    description: "Seconds from now after which the key is refused; at once unless given.",
    example: 3600,
  })
  @IsOptional()
  @Max(TEN_YEARS, { message: `Value for field 'revoke_in' too large, expected at most: '${TEN_YEARS}'` })
  @Min(0)
  @IsNumber()
  revoke_in?: number
}

export class ApiKeySalesChannelsRequest {
  @ApiPropertyOptional({
    type: [String],
    description: "Ids of sales channels that the key is to see.",
    example: ["sc_europe"],
  })
  @IsOptional()
  @IsNotEmpty({ each: true, message: "Value for field 'add' has an empty id; leave it out" })
  @ArrayMaxSize(MAX_CHANNELS, { message: `A key takes at most ${MAX_CHANNELS} sales channels` })
  @MaxLength(255, { each: true, message: "The id of a sales channel has at most 255 characters" })
  @IsString({ each: true })
  @IsArray()
  add?: string[]

  @ApiPropertyOptional({
    type: [String],
    description: "Ids of sales channels that the key is no longer to see.",
    example: [],
  })
  @IsOptional()
  @ArrayMaxSize(MAX_CHANNELS, { message: `A key takes at most ${MAX_CHANNELS} sales channels` })
  @MaxLength(255, { each: true, message: "The id of a sales channel has at most 255 characters" })
  @IsString({ each: true })
  @IsArray()
  remove?: string[]
}

/** What `GET /admin/api-keys` filters by. */
export const API_KEY_FILTERS = {
  id: "text",
  title: "text",
  type: API_KEY_TYPES,
  created_at: "time",
  updated_at: "time",
  revoked_at: "time",
} satisfies FilterSpec

export class ListApiKeysQuery extends FilteredListQuery(API_KEY_FILTERS, { searchable: true }) {}

const EXAMPLE_ID = "apk_01M81YZ0T1S2R3Q4P5N6M7K8J9"
const EXAMPLE_TOKEN = "pk_4c1f7d2b9e8a6035d1c2b3a4958677869504132e2f3d4c5b6a79881726354453"

export class ApiKeySalesChannel {
  @ApiProperty({ description: "The channel's id, in the words of the shop.", example: "sc_europe" })
  id!: string
}

@ResourceOf("api_key", ApiKey)
export class ApiKeyResponse {
  @Field({ description: "The key's id.", example: EXAMPLE_ID })
  id!: string

  @Field({
    description: "The token. Of a secret key it is shown once, when the key is created, and empty afterwards.",
    example: EXAMPLE_TOKEN,
  })
  token!: string

  @Field({ description: "What people recognise the token by.", example: "pk_4c1***453" })
  redacted!: string

  @Field({ description: "What the key is for.", example: "Storefront" })
  title!: string

  @Field({ description: "For the store routes, or for the admin routes.", enum: API_KEY_TYPES, example: "publishable" })
  type!: ApiKeyType

  @OptionalTimeField("When a request last carried it, to the minute; kept for secret keys.")
  last_used_at!: Date | null

  @OptionalTextField("Who created it.", "apk_01M81YZ0T1S2R3Q4P5N6M7K8J0")
  created_by!: string | null

  @OptionalTextField("Who revoked it.", null)
  revoked_by!: string | null

  @OptionalTimeField("From when on it is refused.")
  revoked_at!: Date | null

  @TimeField("When it was created.", "2026-11-22T10:15:30.000Z")
  created_at!: Date

  @TimeField("When it last changed.", "2026-11-22T10:15:30.000Z")
  updated_at!: Date

  @OptionalTimeField("Always null: a deleted key is not listed.")
  deleted_at!: Date | null

  @Field({
    description: "The sales channels that it sees; without any, it sees all.",
    type: () => [ApiKeySalesChannel],
    example: [{ id: "sc_europe" }],
  })
  sales_channels!: ApiKeySalesChannel[]
}

const DEFAULTS = ["*"]

export const API_KEY: View = { key: "api_key", type: ApiKeyResponse, audience: "admin", defaults: DEFAULTS }
export const API_KEYS: View = { ...API_KEY, key: "api_keys" }

/** A new key, as it stands in the API document. */
export const API_KEY_EXAMPLE = { ...exampleOf(API_KEY), id: EXAMPLE_ID }

/** @param token told only when the key is new */
export function toApiKeyResponse(key: ApiKey, token?: string): ApiKeyResponse {
  return {
    id: key.id,
    token: token ?? (key.type === "publishable" ? key.lookup : ""),
    redacted: key.redacted,
    title: key.title,
    type: key.type,
    last_used_at: key.last_used_at,
    created_by: key.created_by,
    revoked_by: key.revoked_by,
    revoked_at: key.revoked_at,
    created_at: key.created_at,
    updated_at: key.updated_at,
    deleted_at: null,
    sales_channels: key.sales_channel_ids.map((id) => ({ id })),
  }
}

/** A new key as it is told from then on. */
export function withoutSecret(answer: unknown) {
  const { api_key } = answer as { api_key: Partial<ApiKeyResponse> }
  return { api_key: isSecret(api_key.token) ? { ...api_key, token: "" } : api_key }
}
