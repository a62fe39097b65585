import { rmSync } from "node:fs"

/** Removes the databases of the run. */
export default function teardown() {
  rmSync(process.env.TEST_RUN_DIR, { recursive: true, force: true })
}
