import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs"
import { connect, createServer, type Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Who has the data folder, and where its database listens once it does. */
export interface FolderOwner {
  pid: number
  host?: string
  port?: number
}

/** Another process has the folder. */
export class FolderInUse extends Error {
  constructor(folder: string, { pid }: FolderOwner) {
    super(`The data folder ${folder} is in use by process ${pid}. Stop it, or set DATA_DIR to another folder.`)
  }
}

/** Bytes that the address of a Unix socket may have. */
const MAX_SOCKET_PATH = 103

const LOCK_NAME = /^lock\.(\d+)$/

/** Milliseconds that an owner gets to say who it is. That it is there is known at once. */
const ANSWER_DEADLINE = 3_000

/**
 * One process per data folder: two would corrupt the database. The lock is a socket that the owner listens on, so it ends
 * with its owner, in whichever container that lives, and nothing has to be believed about process numbers. A dead owner's
 * socket is never removed to make room, for that could hit a newer owner's: the next one takes the next number, which
 * only one can.
 */
export class DataFolderLock {
  private constructor(
    private readonly server: Server,
    private readonly owner: FolderOwner,
  ) {}

  /** @throws FolderInUse when another process has it */
  static async acquire(folder: string): Promise<DataFolderLock> {
    for (;;) {
      const numbers = lockNumbers(folder)
      await refuseIfOwned(folder, numbers)
      const mine = Math.max(0, ...numbers) + 1
      const owner: FolderOwner = { pid: process.pid }
      const server = await listen(lockPath(folder, mine), owner)
      if (!server) continue
      const lock = new DataFolderLock(server, owner)
      try {
        // Whoever read the folder before an earlier owner left may have taken another number meanwhile.
        await refuseIfOwned(
          folder,
          lockNumbers(folder).filter((number) => number !== mine),
        )
      } catch (error) {
        lock.release()
        throw error
      }
      for (const dead of numbers) rmSync(join(folder, `lock.${dead}`), { force: true })
      return lock
    }
  }

  /** The process that has the folder now; undefined when there is none. */
  static async ownerOf(folder: string): Promise<FolderOwner | undefined> {
    for (const number of lockNumbers(folder)) {
      const owner = await ask(lockPath(folder, number))
      if (owner) return owner
    }
    return undefined
  }

  /** Tells those who ask where the database listens. */
  announce(address: { host: string; port: number }): void {
    Object.assign(this.owner, address)
  }

  release(): void {
    this.server.close()
  }
}

/** The folder under a name that is short enough for a socket in it. */
export function socketFolder(folder: string): string {
  const longest = join(folder, "lock.1000000000")
  if (process.platform === "win32" || Buffer.byteLength(longest) <= MAX_SOCKET_PATH) return folder
  let short = shortNames.get(folder)
  if (!short) {
    short = join(mkdtempSync(join(tmpdir(), "payments-")), "data")
    symlinkSync(folder, short)
    shortNames.set(folder, short)
  }
  return short
}

const shortNames = new Map<string, string>()

function lockNumbers(folder: string): number[] {
  return readdirSync(folder).flatMap((name) => {
    const number = LOCK_NAME.exec(name)?.[1]
    return number === undefined ? [] : [Number(number)]
  })
}

function lockPath(folder: string, number: number): string {
  return join(socketFolder(folder), `lock.${number}`)
}

async function refuseIfOwned(folder: string, numbers: number[]): Promise<void> {
  for (const number of numbers) {
    const owner = await ask(lockPath(folder, number))
    if (owner) throw new FolderInUse(folder, owner)
  }
}

/** Listens for those who ask; undefined when another process was faster. */
function listen(path: string, owner: FolderOwner): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => socket.destroy())
      socket.end(JSON.stringify(owner))
    })
    server.unref()
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined)
      else reject(error)
    })
    server.listen(path, () => {
      resolve(server)
    })
  })
}

/** Who listens there; undefined when nobody does. One that is too busy to say is there all the same. */
function ask(path: string): Promise<FolderOwner | undefined> {
  return new Promise((resolve) => {
    let connected = false
    let answer = ""
    const socket = connect(path)
    const finish = () => {
      clearTimeout(deadline)
      socket.destroy()
      resolve(connected ? parseOwner(answer) : undefined)
    }
    const deadline = setTimeout(finish, ANSWER_DEADLINE)
    socket.once("connect", () => (connected = true))
    socket.on("data", (data) => (answer += String(data)))
    socket.once("end", finish)
    socket.once("error", finish)
  })
}

function parseOwner(answer: string): FolderOwner {
  try {
    return JSON.parse(answer) as FolderOwner
  } catch {
    return { pid: 0 }
  }
}
