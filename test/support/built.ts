import { transformFile } from "@swc/core"
import { execFile } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { oncePerRun } from "./once-per-run.js"

const run = promisify(execFile)

/** The service as `npm run build` makes it, built once per test run; the folder has `src/main.js` and the rest. */
export async function builtService(): Promise<string> {
  return oncePerRun("built", async (folder) => {
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"))
    copyFileSync("package.json", join(folder, "package.json"))
    await run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--outDir", folder])
  })
}

/** Files of this folder, compiled to where they find the built service as they find its sources here. */
export async function builtSupport(...names: string[]): Promise<string> {
  const tests = join(await builtService(), "test")
  mkdirSync(tests, { recursive: true })
  const folder = mkdtempSync(join(tests, "support-"))
  for (const name of names) {
    const { code } = await transformFile(join("test/support", `${name}.ts`), {
      jsc: {
        parser: { syntax: "typescript", decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        target: "es2022",
      },
      module: { type: "es6" },
    })
    writeFileSync(join(folder, `${name}.js`), code)
  }
  return folder
}
