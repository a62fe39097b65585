import { newId } from "../src/common/ids.js"

// Ids end in a ULID. Those of one copy of a recorded state share all of it but the last two characters, which number
// them: whoever knows one id of a copy knows all.

/** Characters that the ids of a copy share. */
const SHARED = 24

const ID = new RegExp(`_([0-9A-Z]{${SHARED}})[0-9]{2}`)

export function ulidOf(id: string): string {
  return id.slice(id.lastIndexOf("_") + 1)
}

export function newUlid(): string {
  return ulidOf(newId("op"))
}

/** Every ULID that ends an id in a text, once. */
export function ulidsIn(text: string): string[] {
  return [...new Set(text.match(/(?<=_)[0-9A-HJKMNP-TV-Z]{26}\b/g))]
}

/** Whether an id is no older than another: its first ten characters are its millisecond. */
export function isSince(start: string, ulid: string): boolean {
  return ulid.slice(0, 10) >= start.slice(0, 10)
}

export function newCopy(): string {
  return newUlid().slice(0, SHARED)
}

/** The name of the gap for an id that is numbered within its copy; the copy and this are its ULID. */
export function gapOf(index: number): string {
  return String(index).padStart(2, "0")
}

/** Which copy a text is about, by the first id in it; empty where there is none. */
export function copyIn(text: string): string {
  return ID.exec(text)?.[1] ?? ""
}

/** A request's method and path without the ids in it. */
export function routeOf(method: string, path: string): string {
  return `${method} ${path.replaceAll(new RegExp(ID, "g"), "_")}`
}
