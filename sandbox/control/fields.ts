import { badField, quoted } from "./control-error.js"

type JsonValue = string | number | boolean | object | null

/** The fields of a control request. Each reader rejects a wrong type with a message that says what to send. */
export class Fields {
  private constructor(
    private readonly values: ReadonlyMap<string, JsonValue>,
    private readonly allowed: readonly string[],
  ) {}

  /** @throws ControlError if the values are no object, or have a field that is not allowed */
  static of(values: unknown, allowed: readonly string[]): Fields {
    if (typeof values !== "object" || values === null || Array.isArray(values)) {
      throw badField(`Send a JSON object with ${listed(allowed)}.`)
    }
    const unknown = Object.keys(values).find((name) => !allowed.includes(name))
    if (unknown !== undefined) throw badField(`There is no field ${quoted(unknown)}. Use ${listed(allowed)}.`)
    return new Fields(new Map(Object.entries(values) as [string, JsonValue][]), allowed)
  }

  has(name: string): boolean {
    return this.values.has(name)
  }

  text(name: string): string {
    const value = this.optionalText(name)
    if (value === undefined) throw badField(`The field ${name} is missing. Use ${listed(this.allowed)}.`)
    return value
  }

  optionalText(name: string): string | undefined {
    const value = this.values.get(name)
    if (value === undefined || (typeof value === "string" && value !== "")) return value
    throw badField(`${name} must be a non-empty string, not ${quoted(value)}.`)
  }

  integer(name: string, least: number, most: number): number {
    const value = this.optionalInteger(name, least, most)
    if (value === undefined) throw badField(`The field ${name} is missing: an integer from ${least} to ${most}.`)
    return value
  }

  optionalInteger(name: string, least: number, most: number): number | undefined {
    const value = this.values.get(name)
    if (value === undefined) return undefined
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value
    throw badField(`${name} must be an integer from ${least} to ${most}, not ${quoted(value)}.`)
  }

  flag(name: string): boolean | undefined {
    const value = this.values.get(name)
    if (value === undefined || typeof value === "boolean") return value
    throw badField(`${name} must be true or false, not ${quoted(value)}.`)
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.values.get(name)
    if (value === undefined) return undefined
    const choice = choices.find((candidate) => candidate === value)
    if (choice !== undefined) return choice
    throw badField(`${name} must be one of ${choices.join(", ")}, not ${quoted(value)}.`)
  }

  isNull(name: string): boolean {
    return this.values.get(name) === null
  }
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "no fields" : `these fields: ${names.join(", ")}`
}
