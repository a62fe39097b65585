import { expect } from "@jest/globals"
import { readFileSync, writeFileSync } from "node:fs"

/**
 * Compares a committed file with what the code makes of it now. `npm run docs:generate` writes it anew instead.
 * @param path from the root of the repository
 */
export function expectGenerated(path: string, content: string): void {
  const file = new URL(`../../${path}`, import.meta.url)
  if (process.env.WRITE_GENERATED === "true") writeFileSync(file, content)
  else expect(readFileSync(file, "utf8")).toBe(content)
}
