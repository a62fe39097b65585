import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

/** The folder of this test run, which the teardown removes. */
export function runFolder(): string {
  const folder = process.env["TEST_RUN_DIR"]
  if (!folder) throw new Error("TEST_RUN_DIR is set by jest.config.mjs")
  return folder
}

/**
 * Makes something once per test run, in a folder of that name: whoever needs it first makes it, and everybody else waits,
 * in this worker and in the others.
 * @throws Error in all of them if it cannot be made
 */
export async function oncePerRun(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(runFolder(), name)
  const outcome = `${folder}.outcome`
  if (mkdirSync(folder, { recursive: true }) !== undefined) {
    const error = await make(folder).then(
      () => "",
      (reason: unknown) => String(reason),
    )
    // Renamed, so that nobody reads it half written.
    writeFileSync(`${outcome}.new`, error)
    renameSync(`${outcome}.new`, outcome)
  }
  while (!existsSync(outcome)) await sleep(50)
  const error = readFileSync(outcome, "utf8")
  if (error) throw new Error(`${name} could not be made: ${error}`)
  return folder
}
