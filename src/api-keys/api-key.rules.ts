import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import type { ApiKeyType } from "./api-key.entity.js"

const PREFIXES: Record<ApiKeyType, string> = { publishable: "pk_", secret: "sk_" }

/** A new token: the prefix of its type and 256 random bits in hex. */
export function newToken(type: ApiKeyType): string {
  return PREFIXES[type] + randomBytes(32).toString("hex")
}

export function isSecret(token: string | undefined): boolean {
  return token?.startsWith(PREFIXES.secret) === true
}

/** What a key is stored and found by. A secret token is nowhere kept: 256 random bits need no slow hash. */
export function lookupOf(type: ApiKeyType, token: string): string {
  return type === "publishable" ? token : createHash("sha256").update(token).digest("hex")
}

/** What people recognise a token by, as in Medusa. */
export function redact(token: string): string {
  return `${token.slice(0, 6)}***${token.slice(-3)}`
}

/** Compares without telling by its time how much is right. */
export function equalInConstantTime(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** A key is refused from the moment of its revocation on, which may lie ahead. */
export function isRevoked(key: { revoked_at: Date | null }, now: Date): boolean {
  return key.revoked_at !== null && key.revoked_at <= now
}

/**
 * The secret token of an `Authorization` header: `Bearer sk_...`, or `Basic` with the token as the user name and no
 * password, plain or in base64, as the js-sdk sends it.
 */
export function secretTokenOf(authorization: string | undefined): string | undefined {
  const [, scheme = "", credentials = ""] = /^(\w+) +(\S+)$/.exec(authorization ?? "") ?? []
  switch (scheme.toLowerCase()) {
    case "bearer":
      return credentials
    case "basic": {
      const plain = credentials.startsWith(PREFIXES.secret)
        ? credentials
        : Buffer.from(credentials, "base64").toString("utf8")
      return plain.replace(/:$/, "")
    }
    default:
      return undefined
  }
}
