import { Message } from "../api/message.js"
import { ApiPropertyOptional, IntersectionType } from "@nestjs/swagger"
import { IsOptional, IsString, ValidateBy } from "class-validator"
import { IsWholeNumber } from "../api/lists/list-query.js"

export const DEFAULT_LIMIT = 100
export const MAX_LIMIT = 1000

export class ListEventsQuery {
  @ApiPropertyOptional({
    description:
      "The id of the last event that was read; those after it are answered. From the first one unless given.",
  })
  @IsOptional()
  @IsString()
  after?: string

  @ApiPropertyOptional({
    type: "integer",
    minimum: 1,
    maximum: MAX_LIMIT,
    default: DEFAULT_LIMIT,
    description: "How many to answer at most.",
  })
  @IsOptional()
  @IsFeedLimit()
  @IsWholeNumber()
  limit?: string | number
}

/** A page of nothing would lead nowhere, and a page without end would fill the memory. */
function IsFeedLimit(): PropertyDecorator {
  return ValidateBy({
    name: "isFeedLimit",
    validator: {
      validate: (value) => Number(value) >= 1 && Number(value) <= MAX_LIMIT,
      defaultMessage: (args) =>
        Number(args?.value) > MAX_LIMIT
          ? `Value for field 'limit' too large, expected at most: '${MAX_LIMIT}'`
          : "Value for field 'limit' too small, expected at least: '1'",
    },
  })
}

export class ListEventsMessage extends IntersectionType(ListEventsQuery, Message) {}
