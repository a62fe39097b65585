import { parse, type ParsedQs } from "qs"
import { badParameter } from "./errors.js"

type FormValue = ParsedQs[string]

const METADATA_LIMITS = { keys: 50, keyLength: 40, valueLength: 500 }

const isForm = (value: FormValue): value is ParsedQs => typeof value === "object" && !Array.isArray(value)

/**
 * The parameters of a request: form-encoded, nested by brackets. Each reader refuses a value of the wrong kind as Stripe
 * does; an empty text stands for "unset".
 */
export class Parameters {
  private constructor(
    readonly values: ParsedQs,
    /** The name of the parameter that these are nested in. */
    private readonly within?: string,
  ) {}

  static of(...encoded: string[]): Parameters {
    return new Parameters(
      parse(encoded.filter(Boolean).join("&"), { depth: 10, arrayLimit: 100, parameterLimit: 2000 }),
    )
  }

  get names(): string[] {
    return Object.keys(this.values)
  }

  /** Refuses every parameter that is not among these. */
  only(allowed: readonly string[]): this {
    const unknown = this.names.filter((name) => !allowed.includes(name)).map((name) => this.nameOf(name))
    const [param] = unknown
    if (param === undefined) return this
    throw badParameter(`Received unknown parameter${unknown.length > 1 ? "s" : ""}: ${unknown.join(", ")}`, {
      code: "parameter_unknown",
      param,
    })
  }

  has(name: string): boolean {
    return this.values[name] !== undefined
  }

  text(name: string): string | undefined {
    const value = this.values[name]
    if (value === undefined || typeof value === "string") return value
    throw badParameter("Invalid string", { param: this.nameOf(name) })
  }

  requiredText(name: string): string {
    const value = this.text(name)
    if (value === undefined || value === "") throw this.missing(name)
    return value
  }

  /** A text that can be unset: null if it is empty. */
  nullableText(name: string): string | null | undefined {
    const value = this.text(name)
    return value === "" ? null : value
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.nullableText(name) ?? undefined
    if (value === undefined) return undefined
    const choice = choices.find((candidate) => candidate === value)
    if (choice !== undefined) return choice
    throw badParameter(`Invalid ${this.nameOf(name)}: must be one of ${choices.join(", ")}`, {
      param: this.nameOf(name),
    })
  }

  integer(name: string): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const number = Number(value)
    if (/^-?\d+$/.test(value) && Number.isSafeInteger(number)) return number
    throw badParameter(`Invalid integer: ${value}`, { code: "parameter_invalid_integer", param: this.nameOf(name) })
  }

  requiredInteger(name: string): number {
    const value = this.integer(name)
    if (value === undefined) throw this.missing(name)
    return value
  }

  /** An amount above zero, in minor units. */
  positiveInteger(name: string): number | undefined {
    const value = this.integer(name)
    if (value === undefined || value >= 1) return value
    throw badParameter("This value must be greater than or equal to 1.", {
      code: "parameter_invalid_integer",
      param: this.nameOf(name),
    })
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (value === "true" || value === "false") return value === "true"
    throw badParameter(`Invalid boolean: ${value}`, { param: this.nameOf(name) })
  }

  texts(name: string): string[] | undefined {
    const value = this.values[name]
    if (value === undefined) return undefined
    if (value === "") return []
    const items = Array.isArray(value) ? value : [value]
    return items.map((item) => {
      if (typeof item === "string") return item
      throw badParameter("Invalid array", { param: this.nameOf(name) })
    })
  }

  nested(name: string): Parameters | undefined {
    const value = this.values[name]
    if (value === undefined) return undefined
    if (isForm(value)) return new Parameters(value, this.nameOf(name))
    throw badParameter("Invalid object", { param: this.nameOf(name) })
  }

  /** Merges the new metadata into the old. An empty text removes a key; an empty `metadata` removes all. */
  metadata(before: Readonly<Record<string, string>> = {}): Record<string, string> {
    const value = this.values["metadata"]
    if (value === undefined) return { ...before }
    if (value === "") return {}
    const given = Object.entries(this.nested("metadata")?.values ?? {})
    const changes = given.map(([key, text]) => [key, metadataValue(key, text)] as const)
    const merged = Object.entries({ ...before, ...Object.fromEntries(changes) }).filter(([, text]) => text !== "")
    if (merged.length <= METADATA_LIMITS.keys) return Object.fromEntries(merged)
    throw badParameter(`Metadata can have up to ${METADATA_LIMITS.keys} keys; there are ${merged.length}.`, {
      param: "metadata",
    })
  }

  missing(name: string): Error {
    const param = this.nameOf(name)
    return badParameter(`Missing required param: ${param}.`, { code: "parameter_missing", param })
  }

  private nameOf(name: string): string {
    return this.within === undefined ? name : `${this.within}[${name}]`
  }
}

function metadataValue(key: string, value: FormValue): string {
  if (key.length > METADATA_LIMITS.keyLength) {
    throw badParameter(
      `Metadata keys can have up to ${METADATA_LIMITS.keyLength} characters; this one has ${key.length}: ${key}`,
      { param: "metadata" },
    )
  }
  if (typeof value !== "string") throw badParameter("Metadata values must be texts.", { param: `metadata[${key}]` })
  if (value.length <= METADATA_LIMITS.valueLength) return value
  throw badParameter(
    `Metadata values can have up to ${METADATA_LIMITS.valueLength} characters; the one of ${key} has ${value.length}.`,
    { param: `metadata[${key}]` },
  )
}
