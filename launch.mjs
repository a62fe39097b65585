// Starts what is built, in this very process, so that signals reach it: node launch.mjs main|cli/keys [arguments]
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const [name] = process.argv.splice(2, 1)
const script = new URL(`dist/src/${name}.js`, import.meta.url)
if (existsSync(script)) {
  await import(script.href)
} else {
  process.stderr.write(`There is no ${fileURLToPath(script)}. Build the service first: npm run build\n`)
  process.exitCode = 1
}
