import { Message } from "../api/message.js"
import { IntersectionType } from "@nestjs/swagger"
import { FilteredListQuery, type FilterSpec } from "../api/lists/list-query.js"
import { OPERATION_KINDS, OPERATION_STATES } from "../payment-model/status.js"

/** The filters of lists of operations. */
export const OPERATION_FILTERS = {
  id: "text",
  kind: OPERATION_KINDS,
  state: OPERATION_STATES,
  is_stuck: ["true", "false"],
  payment_collection_id: "text",
  payment_session_id: "text",
  payment_id: "text",
  provider_id: "text",
  created_at: "time",
  updated_at: "time",
  resolved_at: "time",
} satisfies FilterSpec

export class ListOperationsQuery extends FilteredListQuery(OPERATION_FILTERS) {}

export class ListOperationsMessage extends IntersectionType(ListOperationsQuery, Message) {}
