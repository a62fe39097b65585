import { Message } from "../api/message.js"
import { IntersectionType } from "@nestjs/swagger"
import { FilteredListQuery, type FilterSpec } from "../api/lists/list-query.js"
import { WEBHOOK_STATES } from "./webhook-event.entity.js"

/** The filters of lists of webhook events. */
export const WEBHOOK_EVENT_FILTERS = {
  id: "text",
  provider_id: "text",
  external_id: "text",
  type: "text",
  reference: "text",
  payment_session_id: "text",
  state: WEBHOOK_STATES,
  created_at: "time",
  updated_at: "time",
  handled_at: "time",
} satisfies FilterSpec

export class ListWebhookEventsQuery extends FilteredListQuery(WEBHOOK_EVENT_FILTERS) {}

export class ListWebhookEventsMessage extends IntersectionType(ListWebhookEventsQuery, Message) {}
