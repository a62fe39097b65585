import { describe, expect, it } from "@jest/globals"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { ServiceError } from "../src/common/errors.js"
import { DOCUMENTED_ERRORS, errorPage } from "./support/error-catalogue.js"
import { expectGenerated } from "./support/generated-file.js"

const SOURCES = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !path.endsWith(".spec.ts") && !path.includes("stripe"))
  .map((path) => readFileSync(join("src", path), "utf8"))

/** Every first group of the pattern in the code of the service. */
const found = (pattern: RegExp) =>
  SOURCES.flatMap((source) => [...source.matchAll(pattern)].map(([, match = ""]) => match))

const errors = DOCUMENTED_ERRORS.map((each) => (each instanceof ServiceError ? each : each.docs.example?.()))

describe("the catalogue of errors", () => {
  it("is docs/errors.md, which `npm run docs:generate` writes", () => {
    expectGenerated("docs/errors.md", errorPage())
  })

  it("has every class of errors that describes itself with an example", () => {
    const described = found(
      /class (\w+) extends [^{]*\{\s*(?:static readonly text =[^;]*?\n\s*)?static (?:override )?readonly docs\b[^}]*example:/g,
    )
    expect(described.length).toBeGreaterThan(20)
    const listed = errors.map((error) => error?.constructor.name)
    expect(described.filter((name) => !listed.includes(name))).toEqual([])
  })

  it("has every code that the service gives to its errors", () => {
    const codes = new Set(found(/\bcode: "([a-z]+_[a-z_]+)"/g))
    expect(codes.size).toBeGreaterThan(10)
    const listed = errors.map((error) => error?.code)
    const ofExamples = ["amount_too_small", "card_declined"]
    expect([...codes].filter((code) => !listed.includes(code) && !ofExamples.includes(code))).toEqual([])
  })
})
