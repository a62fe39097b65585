import { ApiProperty } from "@nestjs/swagger"
import { defineResource, Field } from "../api/fields/resource.js"
import { OptionalTextField, OptionalTimeField, TimeField } from "../api/fields/resource-fields.js"
import { View } from "../api/fields/view.js"
import { API_KEY_TYPES, ApiKey, type ApiKeyType } from "./api-key.entity.js"
import { isSecret } from "./api-key.rules.js"

export const EXAMPLE_KEY_ID = "apk_01M81YZ0T1S2R3Q4P5N6M7K8J9"
const EXAMPLE_TOKEN = "pk_4c1f7d2b9e8a6035d1c2b3a4958677869504132e2f3d4c5b6a79881726354453"

export class ApiKeySalesChannel {
  @ApiProperty({ description: "The channel's id, in the words of the shop.", example: "sc_europe" })
  id!: string
}

export class ApiKeyResponse {
  @Field({ description: "The key's id.", example: EXAMPLE_KEY_ID })
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

function toApiKeyResponse(key: ApiKey): ApiKeyResponse {
  return {
    id: key.id,
    token: key.type === "publishable" ? key.lookup : "",
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

/** The response to the creation of a key, as a repeat of the request gets it. */
export function withoutSecret(response: unknown) {
  const { api_key } = response as { api_key: Partial<ApiKeyResponse> }
  return { api_key: isSecret(api_key.token) ? { ...api_key, token: "" } : api_key }
}

export const API_KEY = defineResource({
  name: "api_key",
  type: ApiKeyResponse,
  rows: ApiKey,
  toResponse: toApiKeyResponse,
})

export const ADMIN_API_KEY = new View({ key: "api_key", resource: API_KEY, audience: "admin", defaults: ["*"] })

export const ADMIN_API_KEYS = ADMIN_API_KEY.list("api_keys")

/** A new key, with its token: the only time that the token of a secret key is shown. */
export const NEW_API_KEY = new View({
  ...ADMIN_API_KEY.options,
  resource: {
    ...API_KEY,
    toResponse: ({ key, token }: { key: ApiKey; token: string }) => ({ ...toApiKeyResponse(key), token }),
  },
})
