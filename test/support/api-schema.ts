import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"
import formats from "ajv-formats"

/** A schema of the API document: JSON Schema 2020-12, as OpenAPI 3.1 has it. */
export interface ApiSchema {
  default?: unknown
  $ref?: string
  properties?: Record<string, ApiSchema>
  required?: string[]
  description?: string
  example?: unknown
  [keyword: string]: unknown
}

/** Judges values by the schemas of one API document. */
export class ApiSchemas {
  private readonly ajv = formats.default(
    new Ajv2020({ strict: true, strictTypes: false, allowUnionTypes: true, allErrors: true }),
  )
  private readonly validators = new Map<string, ValidateFunction>()

  constructor(private readonly document: unknown) {
    // Annotations of OpenAPI. They say nothing about a value.
    this.ajv.addVocabulary(["example", "xml", "externalDocs", "discriminator"])
    const { components } = document as { components: { schemas?: unknown } }
    this.ajv.addSchema({ $id: "document", $defs: asJsonSchema(components.schemas ?? {}) })
  }

  /** What a JSON value has that its schema does not allow, or lacks; one line each, with the path. */
  problemsWith(value: unknown, schema: ApiSchema, place = ""): string[] {
    const key = JSON.stringify(schema)
    const validate = this.validators.get(key) ?? this.ajv.compile(asJsonSchema(schema) as ApiSchema)
    this.validators.set(key, validate)
    if (validate(value)) return []
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${place}${instancePath} ${message} ${JSON.stringify(params)}`,
    )
  }

  /** What a reference inside the document stands for. */
  dereference(reference: string): ApiSchema {
    const names = reference.replace(/^#\//, "").split("/")
    const target = names.reduce<any>(
      (part, name) => part?.[name.replaceAll("~1", "/").replaceAll("~0", "~")],
      this.document,
    )
    if (target === undefined) throw new Error(`${reference} leads nowhere`)
    return target as ApiSchema
  }
}

/** Part of the document as JSON Schema of its own, closed. */
function asJsonSchema(part: unknown): unknown {
  return closed(
    JSON.parse(JSON.stringify(part).replaceAll('"$ref":"#/components/schemas/', '"$ref":"document#/$defs/')),
  )
}

/**
 * The schema that allows no names besides those that it describes. Clients of the API have to expect new ones; the tests
 * must not find any.
 */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== "object" || schema === null) return schema
  const parts = Object.entries(schema).map(([name, part]) => [name, VALUES.has(name) ? part : closed(part)])
  const isOpen = typeof (schema as ApiSchema).properties === "object" && !("additionalProperties" in schema)
  return Object.fromEntries(isOpen ? [...parts, ["additionalProperties", false]] : parts)
}

const VALUES = new Set(["example", "examples", "enum", "default"])

/**
 * The names in a JSON value, level by level, without its values: what two responses of one shape have in common. Free
 * objects, such as metadata, are not looked into; an empty list fits one with elements, and null fits everything.
 */
export function shapeDifferences(left: unknown, right: unknown, path = "$"): string[] {
  if (left === null || right === null || FREE_FORM.test(path)) return []
  if (Array.isArray(left) && Array.isArray(right)) {
    if (left.length === 0 || right.length === 0) return []
    return shapeDifferences(left[0], right[0], `${path}[]`)
  }
  if (!isObject(left) || !isObject(right)) {
    return typeof left === typeof right && isObject(left) === isObject(right) ? [] : [`${path}: of different types`]
  }
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap((name) => {
    const where = `${path}.${name}`
    if (!(name in left)) return [`${where}: only in the second`]
    if (!(name in right)) return [`${where}: only in the first`]
    return shapeDifferences(left[name], right[name], where)
  })
}

const FREE_FORM = /\.(data|metadata|context)$/

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
