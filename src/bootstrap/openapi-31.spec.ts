import { describe, expect, it } from "@jest/globals"
import type { OpenAPIObject } from "@nestjs/swagger"
import { toOpenApi31 } from "./openapi-31.js"

/** The schema in a document, once that is converted. */
function convertedSchema(schema: unknown): unknown {
  const document = {
    openapi: "3.0.0",
    info: { title: "", version: "" },
    paths: {},
    components: { schemas: { S: schema } },
  }
  return toOpenApi31(document as unknown as OpenAPIObject).components?.schemas?.["S"]
}

describe("a schema in OpenAPI 3.1", () => {
  it.each<[string, unknown, unknown]>([
    ["names null as one of several types", { type: "string", nullable: true }, { type: ["string", "null"] }],
    ["drops `nullable: false`", { type: "string", nullable: false }, { type: "string" }],
    [
      "allows null beside a reference",
      { description: "d", nullable: true, allOf: [{ $ref: "#/x" }] },
      { description: "d", anyOf: [{ $ref: "#/x" }, { type: "null" }] },
    ],
    [
      "has null among the values of a closed set",
      { type: "string", enum: ["a"], nullable: true },
      { type: ["string", "null"], enum: ["a", null] },
    ],
    ["has the bound in `exclusiveMinimum`", { minimum: 0, exclusiveMinimum: true }, { exclusiveMinimum: 0 }],
    ["keeps an inclusive bound", { minimum: 0, exclusiveMinimum: false }, { minimum: 0 }],
    [
      "converts what is nested",
      { type: "object", properties: { a: { type: "array", items: { type: "number", nullable: true } } } },
      { type: "object", properties: { a: { type: "array", items: { type: ["number", "null"] } } } },
    ],
    [
      "keeps properties that are called like keywords",
      { properties: { nullable: { type: "boolean" }, exclusiveMinimum: { type: "number" } } },
      { properties: { nullable: { type: "boolean" }, exclusiveMinimum: { type: "number" } } },
    ],
    ["keeps examples as they are", { example: { nullable: true } }, { example: { nullable: true } }],
  ])("%s", (_, schema, expected) => {
    expect(convertedSchema(schema)).toEqual(expected)
  })

  it("is in a document of version 3.1", () => {
    const document = { openapi: "3.0.0", info: { title: "", version: "" }, paths: {} }
    expect(toOpenApi31(document)).toEqual({ ...document, openapi: "3.1.0" })
  })
})
