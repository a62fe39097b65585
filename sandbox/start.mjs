// Compiles the sandbox in a moment, and runs it in this very process, so that signals reach it.
import { build } from "esbuild"
import { fileURLToPath } from "node:url"

const output = new URL("dist/main.mjs", import.meta.url)

await build({
  entryPoints: [fileURLToPath(new URL("main.ts", import.meta.url))],
  outfile: fileURLToPath(output),
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  sourcemap: "inline",
  logLevel: "error",
})
await import(output.href)
