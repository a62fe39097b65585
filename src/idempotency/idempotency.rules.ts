import { createHash } from "node:crypto"
import { type ErrorKind, type ErrorOptions, InvalidData, ServiceError } from "../common/errors.js"
import { findUnstorable, isRecord, MAX_NESTING } from "../common/json.js"
import type { StoreSubject } from "./replay-guard.js"

/** Characters of an id at most, see `CartsService`. */
const ID_LENGTH = 255

const KEY = /^[\x21-\x7e]{1,255}$/

/** @throws InvalidData @param name what callers know the key as, over their transport */
export function checkKey(key: unknown, name: string): string {
  if (typeof key === "string" && KEY.test(key)) return key
  const message = `Value for field '${name}' has to be 1 to 255 visible ASCII characters`
  throw new InvalidData(`Invalid request: ${message}`, { details: [{ field: name, message }] })
}

/** The same for the same request, in whatever order its names come. */
export function hashOf(request: unknown): string {
  return createHash("sha256").update(canonicalJson(request)).digest("hex")
}

/** JSON with sorted names. What lies deeper than any valid request does not count: the validation refuses it. */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > MAX_NESTING + 1) return "null"
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join()}]`
  if (!isRecord(value)) return JSON.stringify(value)
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name], depth + 1)}`).join()}}`
}

/** What a request of a storefront is about: the collection in its path, or the cart in its body. Both are not validated yet. */
export function storeSubjectOf(params: unknown, body: unknown): StoreSubject | undefined {
  const kind = isRecord(params) && "id" in params ? "payment_collection" : "cart"
  const id = kind === "cart" ? isRecord(body) && body["cart_id"] : isRecord(params) && params["id"]
  const isPossible = typeof id === "string" && id.length <= ID_LENGTH && !findUnstorable(id, "")
  return isPossible ? { kind, id } : undefined
}

/** What happens to a key whose request failed. */
type Fate =
  /** The refusal is the answer, and a repeat gets it again. */
  | "answered"
  /** A repeat is the same try: it takes up what this one began, whose outcome may not be known. */
  | "resumed"
  /** A repeat is another try, for this one has surely done nothing. */
  | "retried"

export const RETENTION = {
  invalid_data: "answered",
  not_allowed: "answered",
  not_found: "answered",
  duplicate: "answered",
  payment_declined: "answered",
  provider_error: "retried",
  state_conflict: "retried",
  unauthorized: "resumed",
  conflict: "resumed",
  too_large: "resumed",
  unsupported_media_type: "resumed",
  idempotency_mismatch: "resumed",
  outcome_unknown: "resumed",
  unavailable: "resumed",
  unknown: "resumed",
} as const satisfies Record<ErrorKind, Fate>

/** A refusal as it is kept. */
export interface StoredRefusal {
  readonly kind: ErrorKind
  readonly message: string
  readonly options: Omit<ErrorOptions, "cause">
}

/** What a request was answered, as it is kept: what the handler gave, or why it gave nothing. */
export type StoredResponse = { readonly body?: unknown } | { readonly refusal: StoredRefusal }

export function toStoredRefusal(error: ServiceError): StoredResponse {
  const { kind, message, code, details, retryAfter, declineCode, retryable, operationId } = error
  return { refusal: { kind, message, options: { code, details, retryAfter, declineCode, retryable, operationId } } }
}

/** @throws ServiceError the refusal, where it was one */
export function replay(answer: StoredResponse): unknown {
  if ("refusal" in answer) throw new KeptRefusalError(answer.refusal)
  return answer.body
}

/** A refusal that was given before. */
class KeptRefusalError extends ServiceError {
  readonly kind: ErrorKind

  constructor({ kind, message, options }: StoredRefusal) {
    super(message, options)
    this.kind = kind
  }
}
