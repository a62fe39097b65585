import { ApiProperty } from "@nestjs/swagger"
import { IsArray, IsBoolean, IsString } from "class-validator"
import type { View } from "../api/fields/fields.interceptor.js"
import { FilteredListQuery, ShortListQuery, type FilterSpec } from "../api/lists/list-query.js"
import { PaymentProviderResponse } from "../payment-model/responses/payment-provider.response.js"

export class ListRegionProvidersQuery extends ShortListQuery {
  @ApiProperty({ description: "The region whose providers to list.", example: "reg_demo" })
  @IsString()
  region_id!: string
}

/** What `GET /admin/payments/payment-providers` filters by. */
export const PROVIDER_FILTERS = { id: "text", is_enabled: ["true", "false"] } satisfies FilterSpec

export class ListPaymentProvidersQuery extends FilteredListQuery(PROVIDER_FILTERS, { isShort: true }) {}

export class ConfigureRegionRequest {
  @ApiProperty({
    type: [String],
    description: "The providers that the region offers; replaces the set.",
    example: ["pp_system_default"],
  })
  @IsString({ each: true })
  @IsArray()
  payment_providers!: string[]
}

export class EnablePaymentProviderRequest {
  @ApiProperty({ description: "Whether sessions can be opened with it.", example: true })
  @IsBoolean()
  is_enabled!: boolean
}

export class RegionResponse {
  @ApiProperty({ description: "The region's id, in the words of the shop.", example: "reg_demo" })
  id!: string

  @ApiProperty({ type: () => [PaymentProviderIdentity], description: "The providers that it offers." })
  payment_providers!: PaymentProviderIdentity[]
}

export class PaymentProviderIdentity {
  @ApiProperty({ description: "The provider's id.", example: "pp_system_default" })
  id!: string
}

/** A region, as it stands in the API document. */
export const REGION_EXAMPLE: RegionResponse = { id: "reg_demo", payment_providers: [{ id: "pp_system_default" }] }

export function toRegionResponse(id: string, providerIds: readonly string[]): RegionResponse {
  return { id, payment_providers: providerIds.map((provider) => ({ id: provider })) }
}

const DEFAULTS = ["id", "is_enabled"]

export const STORE_PROVIDERS: View = {
  key: "payment_providers",
  type: PaymentProviderResponse,
  audience: "store",
  defaults: DEFAULTS,
}
export const ADMIN_PROVIDERS: View = { ...STORE_PROVIDERS, audience: "admin" }
export const ADMIN_PROVIDER: View = { ...ADMIN_PROVIDERS, key: "payment_provider" }
