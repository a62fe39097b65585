import type { Audience } from "../../api/fields/fields.js"

/** Hides what staff wrote for staff. In a response of the store the key is present, and null. */
export function forStaff<T>(value: T, audience: Audience): T | null {
  return audience === "admin" ? value : null
}
