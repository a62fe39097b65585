import { ApiProperty } from "@nestjs/swagger"
import { fixedBody } from "../api/response-body.js"
import { toMajor } from "../common/money.js"
import type { OutboxEvent } from "./outbox-event.entity.js"

/** An event, as it stands in the API document. */
export const EVENT_EXAMPLE = {
  id: "evt_01M81ZCS6V8W0X2Y4Z5A7B9C1D",
  name: "payment.captured",
  data: {
    id: "pay_01M81ZC4XJ8R5V2M0P7S6H3QEF",
    payment_collection_id: "pay_col_01M81ZBVX6BHV83Q1RCZ2434AT",
    payment_session_id: "payses_01M81ZC0D4Q7N6K6Y8W3Z1T9RB",
    provider_id: "pp_system_default",
    currency_code: "eur",
    amount: 49.9,
    authorized_amount: 49.9,
    captured_amount: 20,
    refunded_amount: 0,
    capture_id: "capt_01M81ZC9A2B4C6D8E0F1G3H5J7",
    capture_amount: 20,
  },
  created_at: "2026-11-22T10:15:30.000Z",
}

export class EventResponse {
  @ApiProperty({
    description: "The event's id, which stays the same however often it is read.",
    example: EVENT_EXAMPLE.id,
  })
  id!: string

  @ApiProperty({
    description:
      "What happened, such as `payment_collection.created` or `payment.refunded`. New names may come: pass over those " +
      "that you do not know.",
    example: EVENT_EXAMPLE.name,
  })
  name!: string

  @ApiProperty({
    type: "object",
    additionalProperties: true,
    description:
      "What it happened to, as it was right after: `id`, the ids of what it belongs to, and amounts in major units of " +
      "`currency_code`. Nothing that a shopper or a provider sent is in it.",
    example: EVENT_EXAMPLE.data,
  })
  data!: Record<string, string | number | null>

  @ApiProperty({
    type: String,
    format: "date-time",
    description: "When it happened. The order is that of the feed; these times need not ascend.",
    example: EVENT_EXAMPLE.created_at,
  })
  created_at!: Date
}

/** A stretch of the feed. */
export class EventsResponse {
  @ApiProperty({ type: [EventResponse], description: "The events, in the order of the feed." })
  events!: EventResponse[]

  @ApiProperty({ description: "Whether there are more after the last one.", example: false })
  has_more!: boolean
}

export function toEventsResponse({ rows, has_more }: { rows: OutboxEvent[]; has_more: boolean }): EventsResponse {
  return { events: rows.map(toEventResponse), has_more }
}

function toEventResponse({ id, name, data, created_at }: OutboxEvent): EventResponse {
  return { id, name, data: inMajorUnits(data), created_at }
}

const AMOUNT_NAME = /^(.+_)?amount$/

/** Every amount is of the one currency that stands beside it. */
function inMajorUnits({ currency_code: currency, ...rest }: OutboxEvent["data"]): EventResponse["data"] {
  if (currency === undefined || currency === null) return rest
  const entries = Object.entries(rest).map(([name, value]) =>
    value !== null && AMOUNT_NAME.test(name) ? [name, toMajor({ minor: BigInt(value), currency })] : [name, value],
  )
  return { currency_code: currency, ...(Object.fromEntries(entries) as EventResponse["data"]) }
}

export const EVENTS = fixedBody(EventsResponse, toEventsResponse, { events: [EVENT_EXAMPLE], has_more: false })
