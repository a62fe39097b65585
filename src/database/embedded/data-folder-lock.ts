import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs"
import { connect, createServer, type Server } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"

/** Who has the data folder. */
export interface FolderOwner {
  pid: number
}

/** What the owner does for another process of the same user; what it answers goes back as JSON. */
export type RequestHandler = (request: unknown) => Promise<unknown>

/** Another process has the folder. */
export class FolderInUse extends Error {
  constructor(folder: string, owner: FolderOwner | undefined) {
    const who = owner ? `process ${owner.pid}` : "another process"
    super(`The data folder ${folder} is in use by ${who}. Stop it, or set DATA_DIR to another folder.`)
  }
}

/** Bytes that the address of a Unix socket may have. */
const MAX_SOCKET_PATH = 103

const LOCK_NAME = /^lock\.(\d+)$/

/** Milliseconds that an owner gets to answer. That it is there is known at once. */
const ANSWER_DEADLINE = 5_000

/**
 * One process per data folder: two would corrupt the database. The lock is a socket that the owner listens on, so it ends
 * with its owner, in whichever container that lives, and nothing has to be believed about process numbers. A dead owner's
 * socket is never removed to make room, for that could hit a newer owner's: the next one takes the next number, which
 * only one can.
 */
export class DataFolderLock {
  private constructor(
    private readonly server: Server,
    private readonly door: Door,
    private readonly folder: string,
  ) {}

  /** @throws FolderInUse when another process has it */
  static async acquire(folder: string): Promise<DataFolderLock> {
    for (;;) {
      const numbers = lockNumbers(folder)
      await refuseIfOwned(folder, numbers)
      const mine = Math.max(0, ...numbers) + 1
      const door: Door = { owner: { pid: process.pid } }
      const server = await listen(lockPath(folder, mine), door)
      if (!server) continue
      const lock = new DataFolderLock(server, door, folder)
      try {
        // Whoever read the folder before an earlier owner left may have taken another number meanwhile.
        await refuseIfOwned(
          folder,
          lockNumbers(folder).filter((number) => number !== mine),
        )
      } catch (error) {
        server.close()
        throw error
      }
      for (const dead of numbers) rmSync(join(folder, `lock.${dead}`), { force: true })
      return lock
    }
  }

  /**
   * Asks the process that has the folder to do something: the database takes one connection, and that process has it.
   * @returns its answer; undefined when nobody has the folder
   */
  static async request(folder: string, request: unknown): Promise<unknown> {
    for (const number of lockNumbers(folder)) {
      const answers = await ask(lockPath(folder, number), request)
      if (answers) return answers[1] ?? { error: "The process that has the data folder is not ready. Try again." }
    }
    return undefined
  }

  /** Answers requests from now on. Only processes of the folder's owner can reach it. */
  serve(handler: RequestHandler): void {
    this.door.handler = handler
  }

  /** The last to be called: sockets in the folder may lose their short name with it. */
  release(): void {
    this.server.close()
    removeShortName(this.folder)
  }
}

/** The folder under a name that is short enough for a socket in it. */
export function socketFolder(folder: string): string {
  const longest = join(folder, "lock.1000000000")
  if (process.platform === "win32" || Buffer.byteLength(longest) <= MAX_SOCKET_PATH) return folder
  return shortNames.get(folder) ?? newShortName(folder)
}

/** Symbolic links to data folders, each in a temporary folder of its own. */
const shortNames = new Map<string, string>()

function newShortName(folder: string): string {
  // For a process that ends without a release: the folder was refused, or it only asked the owner for something.
  if (shortNames.size === 0) process.once("exit", removeShortNames)
  const short = join(mkdtempSync(join(tmpdir(), "payments-")), "data")
  shortNames.set(folder, short)
  symlinkSync(folder, short)
  return short
}

function removeShortName(folder: string): void {
  const short = shortNames.get(folder)
  if (short === undefined) return
  shortNames.delete(folder)
  rmSync(dirname(short), { recursive: true, force: true })
  if (shortNames.size === 0) process.off("exit", removeShortNames)
}

function removeShortNames(): void {
  for (const folder of shortNames.keys()) removeShortName(folder)
}

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
    const answers = await ask(lockPath(folder, number))
    if (answers) throw new FolderInUse(folder, answers[0] as FolderOwner | undefined)
  }
}

/** What stands behind the socket: who it is, and what it does when asked. */
interface Door {
  owner: FolderOwner
  handler?: RequestHandler
}

/** Listens for those who ask; undefined when another process was faster. */
function listen(path: string, door: Door): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => socket.destroy())
      socket.write(line(door.owner))
      createInterface(socket)
        .once("error", () => socket.destroy())
        .once("line", (request) => {
          void answerTo(request, door).then((answer) => socket.end(line(answer)))
        })
    })
    server.unref()
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined)
      else reject(error)
    })
    // Whoever can connect gets what the owner does for others, so there is no moment at which the socket is open to them.
    const umask = process.umask(0o177)
    try {
      server.listen(path, () => {
        resolve(server)
      })
    } finally {
      process.umask(umask)
    }
  })
}

async function answerTo(request: string, { handler }: Door): Promise<unknown> {
  try {
    if (handler) return await handler(JSON.parse(request))
    return { error: "The service is still starting. Try again." }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * What the one who listens there says: who it is, and its answer where it is asked something; undefined when nobody
 * listens. One that is too busy to say anything is there all the same.
 */
function ask(path: string, request?: unknown): Promise<unknown[] | undefined> {
  return new Promise((resolve) => {
    const wanted = request === undefined ? 1 : 2
    const answers: unknown[] = []
    let connected = false
    const socket = connect(path)
    const finish = () => {
      clearTimeout(deadline)
      socket.destroy()
      resolve(connected ? answers : undefined)
    }
    const deadline = setTimeout(finish, ANSWER_DEADLINE)
    socket.once("connect", () => {
      connected = true
      if (request !== undefined) socket.write(line(request))
    })
    createInterface(socket)
      .once("error", finish)
      .on("line", (text) => {
        if (answers.push(JSON.parse(text)) === wanted) finish()
      })
      .once("close", finish)
  })
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}
