import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs"
import { connect, createServer, type Server } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"

/** The process that owns the data folder. */
export interface FolderOwner {
  pid: number
}

/** Handles a request of another process of the same user. The result is sent back as JSON. */
export type RequestHandler = (request: unknown) => Promise<unknown>

/** Another process owns the folder. */
export class FolderInUse extends Error {
  constructor(folder: string, owner: FolderOwner | undefined) {
    const who = owner ? `process ${owner.pid}` : "another process"
    super(`The data folder ${folder} is in use by ${who}. Stop it, or set DATA_DIR to another folder.`)
  }
}

/** Bytes that the address of a Unix socket may have. */
const MAX_SOCKET_PATH = 103

const LOCK_NAME = /^lock\.(\d+)$/

/** Milliseconds that an owner has to respond. A connection alone proves that it exists. */
const RESPONSE_DEADLINE = 5_000

/**
 * Lets one process use a data folder, because two would corrupt the database. The lock is a socket that the owner listens
 * on. So it ends with its owner, also in another container, where process ids mean nothing. A new owner does not remove the
 * socket of a dead one before it has its own, because it could remove a newer owner's: it takes the next number, which only
 * one process can.
 */
export class DataFolderLock {
  private constructor(
    private readonly server: Server,
    private readonly endpoint: LockEndpoint,
    private readonly folder: string,
  ) {}

  /** @throws FolderInUse when another process has it */
  static async acquire(folder: string): Promise<DataFolderLock> {
    for (;;) {
      const numbers = lockNumbers(folder)
      await refuseIfOwned(folder, numbers)
      const mine = Math.max(0, ...numbers) + 1
      const endpoint: LockEndpoint = { owner: { pid: process.pid } }
      const server = await listen(lockPath(folder, mine), endpoint)
      if (!server) continue
      const lock = new DataFolderLock(server, endpoint, folder)
      try {
        // A process that read the folder before an earlier owner left may have taken another number meanwhile.
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
   * Sends a request to the process that owns the folder: the database takes one connection, which that process has.
   * @returns its response; undefined if no process owns the folder
   */
  static async request(folder: string, request: unknown): Promise<unknown> {
    for (const number of lockNumbers(folder)) {
      const messages = await query(lockPath(folder, number), request)
      if (messages) return messages[1] ?? { error: "The process that has the data folder is not ready. Try again." }
    }
    return undefined
  }

  /** Handles requests from now on. Only processes of the user who owns the folder can connect. */
  onRequest(handler: RequestHandler): void {
    this.endpoint.handler = handler
  }

  /** To be called last: sockets in the folder may lose their short name with it. */
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
  // For a process that ends without a release: it was refused the folder, or only sent the owner a request.
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
    const messages = await query(lockPath(folder, number))
    if (messages) throw new FolderInUse(folder, messages[0] as FolderOwner | undefined)
  }
}

/** The state behind the socket: the owner, and its handler of requests. */
interface LockEndpoint {
  owner: FolderOwner
  handler?: RequestHandler
}

/** Listens on the socket; undefined if another process was faster. Each connection gets the owner, and its response. */
function listen(path: string, endpoint: LockEndpoint): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => socket.destroy())
      socket.write(line(endpoint.owner))
      createInterface(socket)
        .once("error", () => socket.destroy())
        .once("line", (request) => {
          void respond(request, endpoint).then((response) => socket.end(line(response)))
        })
    })
    server.unref()
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined)
      else reject(error)
    })
    // A process that can connect can make requests, so the socket is never open to other users, not even for a moment.
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

async function respond(request: string, { handler }: LockEndpoint): Promise<unknown> {
  try {
    if (handler) return await handler(JSON.parse(request))
    return { error: "The service is still starting. Try again." }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * The messages of the process that listens on a socket: its owner, then the response to the request, if there is one;
 * undefined if no process listens. A process that is too busy to send anything yields no messages, but it exists.
 */
function query(path: string, request?: unknown): Promise<unknown[] | undefined> {
  return new Promise((resolve) => {
    const wanted = request === undefined ? 1 : 2
    const messages: unknown[] = []
    let connected = false
    const socket = connect(path)
    const finish = () => {
      clearTimeout(deadline)
      socket.destroy()
      resolve(connected ? messages : undefined)
    }
    const deadline = setTimeout(finish, RESPONSE_DEADLINE)
    socket.once("connect", () => {
      connected = true
      if (request !== undefined) socket.write(line(request))
    })
    createInterface(socket)
      .once("error", finish)
      .on("line", (text) => {
        if (messages.push(JSON.parse(text)) === wanted) finish()
      })
      .once("close", finish)
  })
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}
