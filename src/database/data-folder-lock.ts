import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** Who has the data folder, and where its database listens once it does. */
export interface FolderOwner {
  pid: number
  host?: string
  port?: number
}

/** Another process has the folder. */
export class FolderInUse extends Error {
  constructor(folder: string, owner: FolderOwner) {
    super(
      `The data folder ${folder} is in use by process ${owner.pid}. Stop that process, or set DATA_DIR to another folder.`,
    )
  }
}

/**
 * One process per data folder: two would corrupt the database. A file names the owner's process, as PostgreSQL's own
 * `postmaster.pid` does; it appears whole or not at all, and the file of a process that is gone (after a kill -9, say)
 * is taken over.
 */
export class DataFolderLock {
  private constructor(private readonly path: string) {}

  /** @throws FolderInUse when another process has it */
  static acquire(folder: string): DataFolderLock {
    const path = join(folder, "service.pid")
    for (;;) {
      if (createWhole(path, { pid: process.pid })) return new DataFolderLock(path)
      const owner = readOwner(path)
      if (owner && isAlive(owner.pid)) throw new FolderInUse(folder, owner)
      rmSync(path, { force: true })
    }
  }

  /** The process that has the folder now; undefined when there is none. */
  static ownerOf(folder: string): FolderOwner | undefined {
    const owner = readOwner(join(folder, "service.pid"))
    return owner && isAlive(owner.pid) ? owner : undefined
  }

  /** Tells others where the database listens. */
  announce(address: { host: string; port: number }): void {
    const draft = draftOf(this.path)
    writeFileSync(draft, JSON.stringify({ pid: process.pid, ...address }), { mode: 0o600 })
    renameSync(draft, this.path)
  }

  release(): void {
    rmSync(this.path, { force: true })
  }
}

/** False when the file is there already. */
function createWhole(path: string, owner: FolderOwner): boolean {
  const draft = draftOf(path)
  writeFileSync(draft, JSON.stringify(owner), { mode: 0o600 })
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

function draftOf(path: string): string {
  return `${path}.${process.pid}`
}

function readOwner(path: string): FolderOwner | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as FolderOwner
  } catch {
    return undefined
  }
}

/** Our own number, or our parent's, is that of a process before us: containers give every first process the same. */
function isAlive(pid: number): boolean {
  if (pid === process.pid || pid === process.ppid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}
