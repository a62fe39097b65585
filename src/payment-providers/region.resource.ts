import { ApiProperty } from "@nestjs/swagger"
import { envelope, type Input } from "../api/response-body.js"

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

function toRegionResponse(providerIds: readonly string[], { id }: Input): RegionResponse {
  return { id: String(id), payment_providers: providerIds.map((provider) => ({ id: provider })) }
}

export const REGION = envelope("region", RegionResponse, toRegionResponse, REGION_EXAMPLE)
