import { ApiProperty, ApiPropertyOptional } from "@nestjs/swagger"
import { ArrayMaxSize, IsArray, IsNotEmpty, IsNumber, IsOptional, IsString, Max, MaxLength, Min } from "class-validator"
import { FilteredListQuery, type FilterSpec } from "../api/lists/list-query.js"
import { HasAtMost, IsOneOf } from "../api/validation/validation.js"
import { API_KEY_TYPES, type ApiKeyType } from "./api-key.entity.js"

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
    description: "Seconds from now after which the key is refused; immediately unless given.",
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

/** The filters of `GET /admin/api-keys`. */
export const API_KEY_FILTERS = {
  id: "text",
  title: "text",
  type: API_KEY_TYPES,
  created_at: "time",
  updated_at: "time",
  revoked_at: "time",
} satisfies FilterSpec

export class ListApiKeysQuery extends FilteredListQuery(API_KEY_FILTERS, { searchable: true }) {}
