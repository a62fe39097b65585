import { execFile } from "node:child_process"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"

const run = promisify(execFile)

export const CLIENT = "payment-collections-client"

/** A stock Nest project: what `nest new` of that version writes, as far as the compiler and Node are concerned. */
export interface Project {
  nest: 11 | 12
  type: "module" | "commonjs"
}

/** The tarball that `npm run pack:client` writes, packed once per test run. */
export async function packedClient(): Promise<string> {
  const folder = join(runDir(), "client-package")
  const done = join(folder, "done")
  if (mkdirSync(folder, { recursive: true }) !== undefined) {
    const { stdout } = await run("npm", [
      "run",
      "--silent",
      "pack:client",
      "--",
      "--json",
      "--pack-destination",
      folder,
    ])
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
    writeFileSync(done, join(folder, filename))
  }
  // Another worker packs.
  while (!existsSync(done) || readFileSync(done, "utf8") === "") await sleep(100)
  return readFileSync(done, "utf8")
}

/** An empty folder into which npm installs the tarball, with the peers of a Nest version. It needs no network. */
export async function newProject({ nest, type }: Project): Promise<string> {
  const folder = mkdtempSync(join(runDir(), `nest-${nest}-${type}-`))
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "shop", private: true, type }))
  await installClient(folder)
  for (const name of ["common", "core", "microservices"]) installNest(folder, nest, name)
  for (const name of ["reflect-metadata", "rxjs", "@types/node"]) link(folder, name)
  return folder
}

/** npm installs the tarball once per test run; the folders of the run get copies of what it installed. */
async function installClient(folder: string): Promise<void> {
  const source = `${await packedClient()}.installed`
  if (!existsSync(source)) {
    // npm would fetch the peers, which are here already.
    await run("npm", ["install", "--offline", "--legacy-peer-deps", await packedClient()], { cwd: folder })
    cpSync(join(folder, "node_modules", CLIENT), source, { recursive: true })
    return
  }
  cpSync(source, join(folder, "node_modules", CLIENT), { recursive: true })
}

/** Compiles a project as its tsconfig.json says. @throws Error with what the compiler prints */
export async function compile(folder: string, tsconfig: object): Promise<void> {
  const problems = await diagnose(folder, tsconfig)
  if (problems !== "") throw new Error(problems)
}

/** Compiles a project as its tsconfig.json says, and returns what the compiler prints: nothing if all is well. */
export async function diagnose(folder: string, tsconfig: object): Promise<string> {
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig))
  const compiler = resolve("node_modules/typescript/bin/tsc")
  const { stdout } = await run(process.execPath, [compiler, "-p", "."], { cwd: folder }).catch(
    (error: unknown) => error as { stdout: string },
  )
  return stdout
}

/** The compiler options of `nest new`; both versions write the same, except for `strict`, which Nest 11 leaves out. */
export const STOCK_OPTIONS = {
  module: "nodenext",
  moduleResolution: "nodenext",
  resolvePackageJsonExports: true,
  esModuleInterop: true,
  isolatedModules: true,
  declaration: true,
  removeComments: true,
  emitDecoratorMetadata: true,
  experimentalDecorators: true,
  allowSyntheticDefaultImports: true,
  target: "ES2023",
  sourceMap: true,
  outDir: "./dist",
  rootDir: "./src",
  skipLibCheck: true,
  strict: true,
  types: ["node"],
}

/** Makes a package of this repository resolvable in a project, under the same name. */
export function link(folder: string, name: string): void {
  const path = join(folder, "node_modules", name)
  mkdirSync(dirname(path), { recursive: true })
  if (!existsSync(path)) symlinkSync(resolve("node_modules", name), path)
}

function installNest(folder: string, version: 11 | 12, name: string): void {
  if (version === 12) {
    link(folder, `@nestjs/${name}`)
    return
  }
  // A copy: a link would lead to the folder in which `@nestjs/common` is that of Nest 12.
  const source = resolve("node_modules", `nest11-${name}`)
  cpSync(source, join(folder, "node_modules/@nestjs", name), { recursive: true })
  const { dependencies } = JSON.parse(readFileSync(join(source, "package.json"), "utf8")) as {
    dependencies: Record<string, string>
  }
  for (const dependency of Object.keys(dependencies)) {
    if (!existsSync(join(source, "node_modules", dependency))) link(folder, dependency)
  }
}

function runDir(): string {
  return process.env["TEST_RUN_DIR"] ?? ""
}
