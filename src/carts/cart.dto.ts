import { ApiProperty, ApiPropertyOptional, IntersectionType } from "@nestjs/swagger"
import { IsNumber, IsOptional, IsString, Length, Min } from "class-validator"
import { IdCommand } from "../api/message.js"
import { EmptyAsNull, IsTime } from "../api/validation/validation.js"

export class PutCartRequest {
  @ApiProperty({ description: "ISO 4217 code, in any case.", example: "eur" })
  @IsString()
  currency_code!: string

  @ApiProperty({
    description: "What the cart costs, in major units. More decimals than the currency has are rounded half-up.",
    minimum: 0,
    example: 49.9,
  })
  @Min(0)
  @IsNumber()
  total!: number

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: "The cart's region. It decides which payment providers there are.",
    example: "reg_demo",
  })
  @EmptyAsNull()
  @IsOptional()
  @IsString()
  region_id?: string | null

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: "The shopper's address.",
    example: "buyer@example.com",
  })
  @EmptyAsNull()
  @IsOptional()
  @IsString()
  email?: string | null

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: "The shopper, in the words of the shop.",
    example: "cus_123",
  })
  @EmptyAsNull()
  @IsOptional()
  @IsString()
  customer_id?: string | null

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: "The cart's sales channel. Keys confined to others do not see it.",
    example: "sc_europe",
  })
  @EmptyAsNull()
  @IsOptional()
  @IsString()
  sales_channel_id?: string | null

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description:
      "The order that the cart becomes: an opaque reference of the caller's. The cart's payment collection gets it too; " +
      "null leaves the collection's as it is.",
    example: "order_123",
  })
  @IsOptional()
  @Length(1, 255)
  @IsString()
  order_id?: string | null

  @ApiPropertyOptional({
    type: String,
    format: "date-time",
    nullable: true,
    description: "When the cart became an order.",
    example: null,
  })
  @IsOptional()
  @IsTime()
  completed_at?: string | null

  @ApiPropertyOptional({
    type: String,
    format: "date-time",
    nullable: true,
    description:
      "When the sender changed the cart; now unless given. An older state than the known one changes nothing; of equal ones the last wins.",
    example: null,
  })
  @IsOptional()
  @IsTime()
  updated_at?: string | null
}

export class UpsertCartMessage extends IntersectionType(PutCartRequest, IdCommand) {}
