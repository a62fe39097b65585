import { describe, expect, it } from "@jest/globals"
import { newId } from "./ids.js"

describe("ids", () => {
  it("carry the prefix and a ULID, and are different every time", () => {
    const ids = Array.from({ length: 5_000 }, () => newId("pay_col"))
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).toMatch(/^pay_col_[0-9A-HJKMNP-TV-Z]{26}$/)
  })

  it("cannot be guessed from one of the same millisecond", () => {
    const random = Array.from({ length: 200 }, () => newId("pay").slice(-16))
    const firsts = new Set(random.map((part) => part.slice(0, 4)))
    expect(firsts.size).toBeGreaterThan(150)
  })
})
