import { build } from "esbuild"
import { execFile } from "node:child_process"
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { promisify } from "node:util"
import { builtService } from "./built.js"
import { diagnose, link, newProject, packedClient, STOCK_OPTIONS } from "./client-package.js"
import { docFiles, type DocBlock } from "./doc-blocks.js"

const run = promisify(execFile)

/** The page whose files make an application of their own. */
const README = "README.md"
const STOREFRONT = "storefront.ts"

/**
 * The TypeScript of the documentation in stock Nest projects: all pages with Nest 12, compiled at once, each page in a folder
 * of its own; the README's with Nest 11 too.
 */
export class DocProjects {
  private readonly printed: Partial<Record<11 | 12, Promise<string>>> = {}

  private constructor(
    private readonly folders: Record<11 | 12, string>,
    private readonly output: string,
    readonly tarball: string,
  ) {}

  /** @param addressed a text with the addresses and keys of a service that runs */
  static async compile(blocks: DocBlock[], addressed: (code: string) => string): Promise<DocProjects> {
    const nest12 = await newProject({ nest: 12, type: "module" })
    const nest11 = await newProject({ nest: 11, type: "commonjs" })
    await installService(nest12)
    for (const name of ["@medusajs/js-sdk", "@medusajs/types"]) link(nest12, name)
    const pages = [...new Set(blocks.map(({ page }) => page))]
    for (const page of pages) {
      for (const [name, code] of docFiles(blocks.filter((block) => block.page === page))) {
        write(join(nest12, "src", slugOf(page), fileOf(name)), addressed(code))
        if (page === README && name !== STOREFRONT)
          write(join(nest11, "src", slugOf(page), fileOf(name)), addressed(code))
      }
    }
    const nest = { compilerOptions: STOCK_OPTIONS, include: ["src"], exclude: [`src/**/${STOREFRONT}`] }
    // The js-sdk's ES modules leave out file extensions in their imports, so that only bundlers resolve them.
    const bundled = { ...STOCK_OPTIONS, module: "esnext", moduleResolution: "bundler" }
    const storefront = { compilerOptions: bundled, include: [`src/**/${STOREFRONT}`] }
    const output =
      (await diagnose(nest12, nest)) + (await diagnose(nest12, storefront)) + (await diagnose(nest11, nest))
    return new DocProjects({ 11: nest11, 12: nest12 }, output, await packedClient())
  }

  /** What the compiler says of the page of a block. */
  problemsOf({ page }: DocBlock): string[] {
    const lines = this.output.split("\n").filter((line) => line !== "")
    return lines.filter((line) => !line.startsWith("src/") || line.startsWith(`src/${slugOf(page)}/`))
  }

  /** Runs the application of the README, once per version of Nest; gives what it prints. Each pays a cart of its own. */
  async checkOut(nest: 11 | 12): Promise<string> {
    const main = join(this.folders[nest], "dist", slugOf(README), "main.js")
    if (nest === 11) writeFileSync(main, readFileSync(main, "utf8").replace("cart_demo_2", "cart_demo_3"))
    const env = { PATH: process.env["PATH"], NO_COLOR: "1" }
    this.printed[nest] ??= run(process.execPath, [main], { env }).then(({ stdout }) => stdout)
    return this.printed[nest]
  }

  /** Runs the storefront of the README, bundled as storefronts are; gives the collection that it gets at last. */
  async runStorefront(): Promise<any> {
    const folder = join(this.folders[12], "dist", slugOf(README))
    const entry = join(folder, "storefront-entry.mjs")
    const source = readFileSync(join(folder, "storefront.js"), "utf8")
    writeFileSync(entry, `${source}\nconsole.log(JSON.stringify(authorized.payment_collection))\n`)
    const outfile = join(folder, "storefront-bundle.mjs")
    await build({ entryPoints: [entry], bundle: true, format: "esm", platform: "browser", outfile, logLevel: "error" })
    const { stdout } = await run(process.execPath, [outfile])
    return JSON.parse(stdout)
  }
}

/** `payment-collections` as a provider's author installs it: by its path, built. */
async function installService(folder: string): Promise<void> {
  const installed = join(folder, "node_modules/payment-collections")
  mkdirSync(installed, { recursive: true })
  copyFileSync("package.json", join(installed, "package.json"))
  symlinkSync(await builtService(), join(installed, "dist"))
}

function write(path: string, code: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, code)
}

/** Pages name their files as they stand in a project, in its `src`. */
function fileOf(name: string): string {
  return name.startsWith("src/") ? relative("src", name) : name
}

function slugOf(page: string): string {
  return page.replace(/\.md$/, "").replaceAll(/[^A-Za-z0-9]+/g, "-")
}
