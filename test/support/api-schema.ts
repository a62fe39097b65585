/** The keywords of OpenAPI 3.0's schemas that the document of this service uses. */
export interface ApiSchema {
  $ref?: string
  type?: string
  format?: string
  nullable?: boolean
  enum?: unknown[]
  properties?: Record<string, ApiSchema>
  required?: string[]
  items?: ApiSchema
  allOf?: ApiSchema[]
  additionalProperties?: boolean
  description?: string
  example?: unknown
}

const KEYWORDS = new Set(
  "$ref type format nullable enum properties required items allOf additionalProperties description example minimum exclusiveMinimum default".split(
    " ",
  ),
)

/** What a JSON value has that its schema does not allow, or lacks; one line each, with the path. Unknown names count. */
export function problemsWith(value: unknown, schema: ApiSchema, document: unknown, path = "$"): string[] {
  const unknown = Object.keys(schema).filter((keyword) => !KEYWORDS.has(keyword))
  if (unknown.length > 0) return [`${path}: this check does not know ${unknown.join(", ")}`]
  if (schema.$ref !== undefined) return problemsWith(value, dereference(schema.$ref, document), document, path)
  if (value === null) return schema.nullable ? [] : [`${path}: null`]
  const inherited = (schema.allOf ?? []).flatMap((part) => problemsWith(value, part, document, path))
  if (inherited.length > 0) return inherited
  if (schema.type !== undefined && !isOfType(value, schema.type)) return [`${path}: not of type ${schema.type}`]
  if (schema.enum && !schema.enum.includes(value)) return [`${path}: none of ${schema.enum.join(", ")}`]
  if (schema.format === "date-time" && !isTime(value)) return [`${path}: no time`]
  if (Array.isArray(value)) {
    return value.flatMap((element, index) => problemsWith(element, schema.items ?? {}, document, `${path}[${index}]`))
  }
  if (typeof value !== "object") return []
  return problemsWithObject(value as Record<string, unknown>, schema, document, path)
}

/** What a reference inside the document stands for. */
export function dereference(reference: string, document: unknown): ApiSchema {
  const names = reference.replace(/^#\//, "").split("/")
  const target = names.reduce<any>((part, name) => part?.[name.replaceAll("~1", "/").replaceAll("~0", "~")], document)
  if (target === undefined) throw new Error(`${reference} leads nowhere`)
  return target as ApiSchema
}

/**
 * The names in a JSON value, level by level, without its values: what two answers of one shape have in common. Free
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

function problemsWithObject(
  value: Record<string, unknown>,
  schema: ApiSchema,
  document: unknown,
  path: string,
): string[] {
  const missing = (schema.required ?? []).filter((name) => !(name in value)).map((name) => `${path}.${name}: missing`)
  const wrong = Object.entries(value).flatMap(([name, child]) => {
    const property = schema.properties?.[name]
    if (property) return problemsWith(child, property, document, `${path}.${name}`)
    return schema.additionalProperties || schema.allOf ? [] : [`${path}.${name}: not in the schema`]
  })
  return [...missing, ...wrong]
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "array") return Array.isArray(value)
  if (type === "integer") return Number.isInteger(value)
  return type === "object" ? isObject(value) : typeof value === type
}

function isTime(value: unknown): boolean {
  return typeof value === "string" && !Number.isNaN(Date.parse(value)) && new Date(value).toISOString() === value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
