import { readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"

/** A fenced code block of the documentation. */
export interface DocBlock {
  page: string
  /** The line of its opening fence. */
  line: number
  /** What follows the opening fence; empty if nothing does. */
  language: string
  code: string
}

/** Every page for users: the README, and what these folders contain. */
const FOLDERS = ["docs", "examples", "packages"]

function docPages(): string[] {
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => join(folder, path)),
  )
  const isPage = (path: string) => path.endsWith(".md") && !/(^|\/)(node_modules|dist|build)\//.test(path)
  return ["README.md", ...inFolders.filter(isPage).sort()]
}

/** Every fenced code block of the pages, in order. @throws Error if a fence is not closed */
export function docBlocks(pages = docPages()): DocBlock[] {
  return pages.flatMap((page) => blocksOf(page, readFileSync(page, "utf8")))
}

/**
 * The TypeScript of a page as files: a block that begins with a comment such as `// src/main.ts` begins a file, the next ones
 * without such a comment continue it.
 */
export function docFiles(blocks: DocBlock[]): Map<string, string> {
  const files = new Map<string, string>()
  let current: string | undefined
  for (const { page, line, code } of blocks.filter(({ language }) => language === "ts")) {
    const [, name = current] = /^\/\/ (\S+\.ts)\n/.exec(code) ?? []
    if (name === undefined)
      throw new Error(`${page}:${line}: begin the first block with the name of its file: // file.ts`)
    files.set(name, (files.get(name) ?? "") + code)
    current = name
  }
  return files
}

function blocksOf(page: string, text: string): DocBlock[] {
  const blocks: DocBlock[] = []
  let open: (DocBlock & { fence: string; indent: number }) | undefined
  for (const [index, line] of text.split("\n").entries()) {
    const [, indent = "", fence, language = ""] = /^(\s*)(`{3,}|~{3,})\s*(.*?)\s*$/.exec(line) ?? []
    if (!open && fence !== undefined) {
      open = { page, line: index + 1, language, code: "", fence, indent: indent.length }
    } else if (open && fence !== undefined && language === "" && fence.startsWith(open.fence)) {
      const { fence: _, indent: __, ...block } = open
      blocks.push(block)
      open = undefined
    } else if (open) {
      open.code += `${line.slice(open.indent)}\n`
    }
  }
  if (open) throw new Error(`${page}:${open.line}: the code block is not closed`)
  return blocks
}
