import { readFileSync } from "node:fs"
import { dts } from "rollup-plugin-dts"

const file = (path) => readFileSync(new URL(path, import.meta.url), "utf8")
const { version } = JSON.parse(file("../../package.json"))

/** Every import but the client's own files is a peer dependency or a module of Node. */
const external = (id) => !/^[./]/.test(id)

/** The package has the version of the service that it was packed with. */
const describe = {
  name: "describe",
  generateBundle() {
    const { name, ...rest } = JSON.parse(file("package.json"))
    const source = `${JSON.stringify({ name, version, ...rest }, null, 2)}\n`
    this.emitFile({ type: "asset", fileName: "package.json", source })
    this.emitFile({ type: "asset", fileName: "README.md", source: file("README.md") })
  },
}

export default [
  {
    input: "packages/client/build/index.js",
    external,
    plugins: [describe],
    output: [
      { file: "packages/client/dist/index.js", format: "esm" },
      { file: "packages/client/dist/index.cjs", format: "cjs" },
    ],
  },
  {
    input: "packages/client/build/index.d.ts",
    external,
    plugins: [dts()],
    output: [
      { file: "packages/client/dist/index.d.ts", format: "esm" },
      { file: "packages/client/dist/index.d.cts", format: "esm" },
    ],
  },
]
