import { type ErrorDetail, excerpt } from "./errors.js"

/** The deepest nesting of a JSON value: deeper than any shop's data, and too shallow to exhaust the stack. */
export const MAX_NESTING = 50

/** Values in one request, those in lists and objects included; more than any request of a shop has. */
export const MAX_VALUES = 2_000

/** The largest number, and the smallest above zero, that JavaScript writes with all its digits. */
const LARGEST = 1e21
const SMALLEST = 1e-15

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

export function unstorableText(field: string): ErrorDetail {
  return { field, message: `Value for field '${field}' contains a character that cannot be stored` }
}

/**
 * Finds the first part of a value that PostgreSQL cannot store, or that is too large to walk through: a NUL, half of a
 * surrogate pair, a number with hundreds of digits, deep nesting, too many values.
 */
export function findUnstorable(value: unknown, path: string, maxValues = Infinity): ErrorDetail | undefined {
  return findIn(value, path, 0, { left: maxValues })
}

function findIn(value: unknown, path: string, depth: number, values: { left: number }): ErrorDetail | undefined {
  if (values.left-- <= 0) {
    return { field: "", message: `The request has more than ${MAX_VALUES} values. Send less in one request.` }
  }
  if (depth > MAX_NESTING) {
    const field = excerpt(path.split(".")[0])
    return { field, message: `Value for field '${field}' is nested deeper than ${MAX_NESTING} levels` }
  }
  if (typeof value === "string") {
    if (!value.includes("\0") && value.isWellFormed()) return undefined
    return unstorableText(path)
  }
  // A field of a request has limits of its own; a number in an object that the client chose is stored as it is.
  if (typeof value === "number" && !(depth > 1 ? hasFewDigits(value) : Number.isFinite(value))) {
    return { field: path, message: `Value for field '${path}' is a number beyond all that can be stored` }
  }
  if (value === null || typeof value !== "object") return undefined
  for (const [name, child] of Object.entries(value)) {
    const childPath = excerpt(path ? `${path}.${name}` : name)
    const problem = findIn(name, childPath, 0, { left: 1 }) ?? findIn(child, childPath, depth + 1, values)
    if (problem) return problem
  }
  return undefined
}

/** PostgreSQL stores a number in full: 1e308 would take 309 characters. */
function hasFewDigits(number: number): boolean {
  const size = Math.abs(number)
  return size === 0 || (size < LARGEST && size >= SMALLEST)
}
