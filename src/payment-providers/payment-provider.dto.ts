import { Message } from "../api/message.js"
import { ApiProperty, IntersectionType } from "@nestjs/swagger"
import { IsArray, IsBoolean, IsString } from "class-validator"
import { FilteredListQuery, ShortListQuery, type FilterSpec } from "../api/lists/list-query.js"

export class ListRegionProvidersQuery extends ShortListQuery {
  @ApiProperty({ description: "The region whose providers to list.", example: "reg_demo" })
  @IsString()
  region_id!: string
}

/** The filters of `GET /admin/payments/payment-providers`. */
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

export class ListRegionProvidersMessage extends IntersectionType(ListRegionProvidersQuery, Message) {}
