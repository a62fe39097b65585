import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** The version of this service, from its package.json: two folders above this one in `src`, three in `dist/src`. */
export const VERSION = readVersion()

function readVersion(): string {
  const paths = ["../..", "../../.."].map((folder) => join(import.meta.dirname, folder, "package.json"))
  const path = paths.find((candidate) => existsSync(candidate))
  if (path === undefined) throw new Error(`There is no package.json at ${paths.join(" or ")}.`)
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { version?: string }
  if (version === undefined) throw new Error(`${path} has no version.`)
  return version
}
