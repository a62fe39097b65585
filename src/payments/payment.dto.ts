import { FilteredListQuery, type FilterSpec } from "../common/list-query.js"

/** What `GET /admin/payments` filters by: Medusa's filters, and ours after them. */
export const PAYMENT_FILTERS = {
  id: "text",
  payment_session_id: "text",
  created_at: "time",
  updated_at: "time",
  deleted_at: "time",
  payment_collection_id: "text",
  provider_id: "text",
  captured_at: "time",
} satisfies FilterSpec

export class ListPaymentsQuery extends FilteredListQuery(PAYMENT_FILTERS, { searchable: true }) {}
