import { describe, expect, it } from "@jest/globals"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** What each prefix stands for. The first six are Medusa's. */
const PREFIXES: Readonly<Record<string, string>> = {
  pay_col: "payment collection",
  payses: "payment session",
  pay: "payment",
  capt: "capture",
  ref: "refund",
  refr: "refund reason",
  op: "operation",
  evt: "event of the feed",
  whe: "webhook event",
  disp: "dispute",
  acchld: "account holder",
  apk: "API key",
  idem: "claim of an idempotency key",
  req: "request",
}

/** The prefixes that the service gives to new ids. */
function prefixesInUse(): Set<string> {
  const sources = readdirSync("src", { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".ts") && !path.endsWith(".spec.ts"),
  )
  return new Set(
    sources.flatMap((path) =>
      [...readFileSync(join("src", path), "utf8").matchAll(/\bnewId\("([^"]+)"\)/g)].map(([, prefix = ""]) => prefix),
    ),
  )
}

describe("the prefixes of ids", () => {
  it("are the listed ones, each for one kind of thing", () => {
    expect([...prefixesInUse()].sort()).toEqual(Object.keys(PREFIXES).sort())
    const things = Object.values(PREFIXES)
    expect(new Set(things).size).toBe(things.length)
  })
})
