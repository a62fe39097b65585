import { describe } from "@jest/globals"
import { TEST_DATABASE_URL } from "./database.js"

/** `describe` for what needs a real PostgreSQL. Where there is none it is left out, and said so. */
export function describeServed(what: string): typeof describe | typeof describe.skip {
  if (TEST_DATABASE_URL) return describe
  console.warn(`LEFT OUT without TEST_DATABASE_URL: ${what}`)
  return describe.skip
}

/** `describe` for what is about the embedded database alone, or about no database: it runs once where both are tested. */
export const onEmbedded = TEST_DATABASE_URL ? describe.skip : describe
