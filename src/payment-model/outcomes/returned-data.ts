import type { ReturnedData } from "../../payment-providers/contract/index.js"
import type { Payment } from "../entities/payment.entity.js"

/** What the provider returned, as columns. A field that it left out keeps its value. */
export function returnedData({ data, privateData }: ReturnedData): Partial<Pick<Payment, "data" | "private_data">> {
  return { ...(data && { data: { ...data } }), ...(privateData && { private_data: { ...privateData } }) }
}
