import { describe, expect, it } from "@jest/globals"
import { describeError } from "./logger.js"

describe("an error in the log", () => {
  it("is named and explained, without the rows that PostgreSQL shows in its detail", () => {
    const error = Object.assign(new Error("violates check"), {
      code: "23514",
      constraint: "cart_total_positive",
      detail: "Failing row contains (shopper@example.com)",
      parameters: ["secret"],
      driverError: { detail: "Failing row contains (shopper@example.com)" },
    })
    const line = JSON.stringify(describeError(error))
    expect(line).toContain("cart_total_positive")
    expect(line).not.toMatch(/shopper|secret/)
  })
})
