import { Injectable, ValidationPipe, type ArgumentMetadata } from "@nestjs/common"
import { Transform, type TransformFnParams } from "class-transformer"
import {
  getMetadataStorage,
  IsObject,
  isRFC3339,
  MaxLength,
  ValidateBy,
  ValidateIf,
  type ValidationError,
  type ValidationOptions,
} from "class-validator"
import { ErrorDetail, excerpt, InvalidData, REFUSAL_LIMITS } from "../../common/errors.js"
import { findUnstorable, isRecord, MAX_VALUES } from "../../common/json.js"
import { parseTime } from "../../common/time.js"

/** How many problems a message has, as Medusa's; the details have more. */
const MESSAGES_SHOWN = 3

/** Characters of a value that a message repeats. */
const VALUE_SHOWN = 100

/** Names that would reach into prototypes. Libraries drop them silently; here they are fields that nobody knows. */
const PROTOTYPE_NAMES = ["__proto__", "constructor", "prototype"]

/** Characters of an object that clients choose, as JSON. */
const MAX_OBJECT = 16 * 1024

/** Types that a value was expected to have, by the name of the decorator that failed; the texts are Medusa's. */
const EXPECTED_TYPES: Readonly<Record<string, string>> = {
  isString: "string",
  isNumber: "number",
  isNumberString: "number",
  isInt: "number",
  isWholeNumber: "number",
  isBoolean: "boolean",
  isObject: "record",
  isArray: "array",
  isTime: "date",
}

const TOO_SMALL = new Set(["min", "isPositive", "isNotNegative"])

/** Allows one of the values; the message for another lists them, as Medusa does. */
export function IsOneOf(values: readonly string[], options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: "isOneOf",
      constraints: [...values],
      validator: {
        validate: (value: unknown) => typeof value === "string" && values.includes(value),
        defaultMessage: (args) => enumMessage(args?.property ?? "", args?.value, values),
      },
    },
    options,
  )
}

/** The body of a request that takes none. */
// An empty class, because nothing may be in such a body.
// eslint-disable-next-line @typescript-eslint/no-extraneous-class
export class NoBody {}

/** A field that may be left out; null is not left out, as in Medusa. */
export function MayBeLeftOut(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined)
}

/** Reads empty text as null, for an id that may be absent: no row has an empty one. */
export function EmptyAsNull(): PropertyDecorator {
  return Transform(({ value }: TransformFnParams): unknown => (value === "" ? null : value))
}

/** Allows a text of so many characters. */
export function HasAtMost(characters: number): PropertyDecorator {
  return MaxLength(characters, {
    message: ({ property }) => `Value for field '${property}' too long, expected at most ${characters} characters`,
  })
}

/** Allows a JSON object of up to 16 kB, whose names the client chooses. */
export function IsSmallObject(): PropertyDecorator {
  const isSmall = ValidateBy({
    name: "isSmallObject",
    validator: {
      validate: (value: unknown) => JSON.stringify(value).length <= MAX_OBJECT,
      defaultMessage: (args) => `Value for field '${args?.property}' is larger than 16 kB as JSON`,
    },
  })
  return (prototype, name) => {
    isSmall(prototype, name)
    IsObject()(prototype, name)
  }
}

/** Allows an ISO 8601 time with its zone, so that it means the same everywhere: `2026-11-22T10:15:30.000Z`. */
export function IsTime(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: "isTime",
      validator: {
        validate: (value: unknown) => typeof value === "string" && isRFC3339(value) && parseTime(value) !== undefined,
      },
    },
    options,
  )
}

/**
 * Validates bodies, queries, parameters and TCP messages by their classes, strictly: unknown fields are refused. The
 * messages are Medusa's, at most three of them; a string that PostgreSQL cannot store is refused here, by name.
 */
@Injectable()
export class RequestValidationPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      stopAtFirstError: true,
      validationError: { target: false, value: true },
      exceptionFactory: (errors: ValidationError[]) => invalidRequest(problemsOf(errors)),
    })
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === "custom") return value
    const unstorable = findUnstorable(value, metadata.type === "param" ? (metadata.data ?? "") : "", MAX_VALUES)
    if (unstorable) throw invalidRequest([unstorable])
    if (metadata.type === "body" && !isRecord(value ?? {})) {
      throw invalidRequest([missingField("")])
    }
    const reaching = firstOf(prototypeNamesIn(value))
    if (reaching.length > 0) throw invalidRequest(reaching.map(unknownField))
    return super.transform(withoutSurplus(value, metadata), metadata) as Promise<unknown>
  }
}

/**
 * Drops all but as many unknown fields as a refusal can name: the libraries' time grows with the square of the number of
 * fields.
 */
function withoutSurplus(value: unknown, { metatype }: ArgumentMetadata): unknown {
  if (!isRecord(value) || !metatype || Object.keys(value).length <= REFUSAL_LIMITS.details) return value
  const declared = getMetadataStorage().getTargetValidationMetadatas(metatype, "", false, false)
  const known = new Set(declared.map(({ propertyName }) => propertyName))
  let unknown = 0
  return Object.fromEntries(
    Object.entries(value).filter(([name]) => known.has(name) || unknown++ < REFUSAL_LIMITS.details),
  )
}

/** The refusal of a malformed request, from all that is wrong with it: missing and wrong fields first, unknown ones last. */
export function invalidRequest(problems: Iterable<Problem>): InvalidData {
  const { known, unknown } = partition(problems)
  const messages = known.map((problem) => problem.message)
  if (unknown.length > 0) {
    messages.push(`Unrecognized fields: '${unknown.map((problem) => problem.unknownField).join(", ")}'`)
  }
  return new InvalidData(`Invalid request: ${messages.slice(0, MESSAGES_SHOWN).join("; ")}`, {
    details: [...known, ...unknown].map(({ field, message, allowed }) => ({
      field,
      message,
      ...(allowed && { allowed }),
    })),
  })
}

/** As many of each kind as a refusal can hold; the rest is not looked at. */
function partition(problems: Iterable<Problem>): { known: Problem[]; unknown: Problem[] } {
  const [known, unknown]: [Problem[], Problem[]] = [[], []]
  for (const problem of problems) {
    const kind = problem.unknownField === undefined ? known : unknown
    if (kind.length < REFUSAL_LIMITS.details) kind.push(problem)
    if (known.length === REFUSAL_LIMITS.details) break
  }
  return { known, unknown }
}

/** The first of them, as many as a refusal can hold. */
function firstOf<T>(found: Iterable<T>): T[] {
  const first: T[] = []
  for (const each of found) if (first.push(each) === REFUSAL_LIMITS.details) break
  return first
}

export function unknownField(path: string): Problem {
  const field = excerpt(path)
  return { field, message: `Unrecognized fields: '${field}'`, unknownField: field }
}

export interface Problem extends ErrorDetail {
  /** The name of the field, where the problem is that there is no such field. */
  unknownField?: string
}

export function missingField(field: string): Problem {
  return { field, message: `Field '${field}' is required` }
}

export function tooSmall(field: string, least: number): Problem {
  return { field, message: `Value for field '${field}' too small, expected at least: '${least}'` }
}

function expectedType(type: string, field: string, value: unknown): Problem {
  return { field, message: `Expected type: '${type}' for field '${field}', got: '${stringify(value)}'` }
}

function* problemsOf(errors: readonly ValidationError[], path = ""): Generator<Problem> {
  for (const { property, constraints = {}, value, children = [] } of errors) {
    const field = path ? `${path}.${property}` : property
    for (const [name, text] of Object.entries(constraints)) yield problemOf(name, text, excerpt(field), value)
    yield* problemsOf(children, field)
  }
}

function problemOf(constraint: string, text: string, field: string, value: unknown): Problem {
  if (constraint === "whitelistValidation") return unknownField(field)
  if (value === undefined) return missingField(field)
  const type = EXPECTED_TYPES[constraint]
  if (type) return expectedType(type, field, value)
  if (TOO_SMALL.has(constraint)) return tooSmall(field, 0)
  return { field, message: text }
}

function enumMessage(field: string, value: unknown, values: readonly string[]): string {
  return `Expected: '${values.join(", ")}' for field '${field}', but got: '${stringify(value)}'`
}

/** A value as Medusa's messages show it: JavaScript's own rendering, but for objects. */
function stringify(value: unknown): string {
  if (isRecord(value)) return "record"
  const text = String(value)
  return text.length > VALUE_SHOWN ? `${text.slice(0, VALUE_SHOWN)}...` : text
}

/** The paths of names that would reach into prototypes, at any depth. */
function* prototypeNamesIn(value: unknown, path = ""): Generator<string> {
  if (value === null || typeof value !== "object") return
  for (const [name, child] of Object.entries(value)) {
    const childPath = excerpt(path ? `${path}.${name}` : name)
    if (PROTOTYPE_NAMES.includes(name)) yield childPath
    else yield* prototypeNamesIn(child, childPath)
  }
}
