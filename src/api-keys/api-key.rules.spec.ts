import { describe, expect, it } from "@jest/globals"
import { equalInConstantTime, isRevoked, lookupOf, newToken, redact, secretTokenOf } from "./api-key.rules.js"

const base64 = (text: string) => Buffer.from(text).toString("base64")

describe("tokens", () => {
  it("say their type and carry 256 random bits", () => {
    expect(newToken("publishable")).toMatch(/^pk_[0-9a-f]{64}$/)
    expect(newToken("secret")).toMatch(/^sk_[0-9a-f]{64}$/)
    expect(newToken("secret")).not.toBe(newToken("secret"))
  })

  it("are found by themselves when public and by their hash when secret", () => {
    expect(lookupOf("publishable", "pk_1")).toBe("pk_1")
    expect(lookupOf("secret", "sk_1")).toMatch(/^[0-9a-f]{64}$/)
  })

  it("are recognised by their first and last characters", () => {
    expect(redact("sk_7d0d04ce1c16d6e6b9d2f")).toBe("sk_7d0***d2f")
  })

  it("are compared whole", () => {
    expect(equalInConstantTime("abc", "abc")).toBe(true)
    expect(equalInConstantTime("abc", "abd")).toBe(false)
    expect(equalInConstantTime("abc", "abcd")).toBe(false)
  })
})

describe("a revocation", () => {
  const now = new Date("2026-01-01T00:00:00Z")
  it.each([
    [null, false],
    ["2025-12-31T23:59:59Z", true],
    ["2026-01-01T00:00:00Z", true],
    ["2026-01-01T00:00:01Z", false],
  ])("at %p holds: %p", (at, revoked) => {
    expect(isRevoked({ revoked_at: at === null ? null : new Date(at) }, now)).toBe(revoked)
  })
})

describe("the secret of an Authorization header", () => {
  it.each([
    ["Bearer sk_1", "sk_1"],
    ["bearer  sk_1", "sk_1"],
    [`Basic ${base64("sk_1:")}`, "sk_1"],
    [`Basic ${base64("sk_1")}`, "sk_1"],
    ["Basic sk_1", "sk_1"],
    ["Basic sk_1:", "sk_1"],
    ["Digest sk_1", undefined],
    ["sk_1", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%p is %p", (header, token) => {
    expect(secretTokenOf(header)).toBe(token)
  })
})
