import { createHash } from "node:crypto"
import { type ErrorKind, type ErrorOptions, InvalidData, ServiceError } from "../common/errors.js"
import { findUnstorable, isRecord, MAX_NESTING } from "../common/json.js"
import type { StoreSubject } from "./replay-guard.js"

/** Characters of an id at most, see `CartsService`. */
const ID_LENGTH = 255

const KEY = /^[\x21-\x7e]{1,255}$/

/** @param name of the key in the caller's transport @throws InvalidData */
export function checkKey(key: unknown, name: string): string {
  if (typeof key === "string" && KEY.test(key)) return key
  const message = `Value for field '${name}' has to be 1 to 255 visible ASCII characters`
  throw new InvalidData(`Invalid request: ${message}`, { details: [{ field: name, message }] })
}

/** Equal for equal requests, whatever the order of their names. */
export function hashOf(request: unknown): string {
  return createHash("sha256").update(canonicalJson(request)).digest("hex")
}

/** JSON with sorted names. Levels deeper than any valid request do not count, because the validation refuses them. */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > MAX_NESTING + 1) return "null"
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join()}]`
  if (!isRecord(value)) return JSON.stringify(value)
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name], depth + 1)}`).join()}}`
}

/** The subject of a storefront's request: the collection in its path, or the cart in its body. Neither is validated yet. */
export function storeSubjectOf(params: unknown, body: unknown): StoreSubject | undefined {
  const kind = isRecord(params) && "id" in params ? "payment_collection" : "cart"
  const id = kind === "cart" ? isRecord(body) && body["cart_id"] : isRecord(params) && params["id"]
  const isPossible = typeof id === "string" && id.length <= ID_LENGTH && !findUnstorable(id, "")
  return isPossible ? { kind, id } : undefined
}

/** The rule for a key whose request failed. */
type Retention =
  /** The refusal is stored as the response, and a repeat gets it again. */
  | "keep"
  /** A repeat continues the same attempt: it resumes the operation that this one started, whose outcome may be unknown. */
  | "resume"
  /** A repeat is a new attempt, because this one has certainly done nothing. */
  | "restart"

export const RETENTION = {
  invalid_data: "keep",
  not_allowed: "keep",
  not_found: "keep",
  duplicate: "keep",
  payment_declined: "keep",
  provider_error: "restart",
  state_conflict: "restart",
  unauthorized: "resume",
  conflict: "resume",
  too_large: "resume",
  unsupported_media_type: "resume",
  idempotency_mismatch: "resume",
  outcome_unknown: "resume",
  unavailable: "resume",
  unknown: "resume",
} as const satisfies Record<ErrorKind, Retention>

/** A refusal as it is stored. */
export interface StoredRefusal {
  readonly kind: ErrorKind
  readonly message: string
  readonly options: Omit<ErrorOptions, "cause">
}

/** The stored response of a request: the body that the handler returned, or the refusal that it threw. */
export type StoredResponse = { readonly body?: unknown } | { readonly refusal: StoredRefusal }

export function toStoredRefusal(error: ServiceError): StoredResponse {
  const { kind, message, code, details, retryAfter, declineCode, retryable, operationId } = error
  return { refusal: { kind, message, options: { code, details, retryAfter, declineCode, retryable, operationId } } }
}

/** Returns the stored body again. @throws ServiceError the stored refusal, if it was one */
export function replay(response: StoredResponse): unknown {
  if ("refusal" in response) throw new StoredRefusalError(response.refusal)
  return response.body
}

/** A refusal that was returned before. */
class StoredRefusalError extends ServiceError {
  readonly kind: ErrorKind

  constructor({ kind, message, options }: StoredRefusal) {
    super(message, options)
    this.kind = kind
  }
}
