import { PGlite } from "@electric-sql/pglite"
import { PGLiteSocketServer } from "@electric-sql/pglite-socket"
import { accessSync, constants, mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { DatabaseConnection } from "./data-source-options.js"
import { DataFolderLock, socketFolder, type RequestHandler } from "./data-folder-lock.js"

/** What PostgreSQL's clients call the socket of this port; they are given its folder as the host. */
const SOCKET_PORT = 5432
const SOCKET_NAME = `.s.PGSQL.${SOCKET_PORT}`

/**
 * PGlite is one session, and what several connections send would mingle in it: the statement that one parsed would be
 * run by another. Nobody but the service connects while it runs, by one connection; the others are for those of it that
 * were given up and are still closing.
 */
const MAX_CONNECTIONS = 5

/** Longer than any request waits: with one connection, queueing is no error. Only a use case that steps out of its transaction meets it. */
const ACQUIRE_TIMEOUT = 30_000

/** The data folder cannot be used. The message is one line that says why. */
export class DataFolderUnusable extends Error {}

/**
 * PostgreSQL inside this process (PGlite), reached by the ordinary driver through a socket in the data folder. A kill
 * -9 loses nothing that was acknowledged, for the operating system has it; PGlite does not fsync, so a power failure may.
 */
export class EmbeddedPostgres {
  private constructor(
    readonly connection: DatabaseConnection,
    private readonly lock: DataFolderLock,
    private readonly stopServing: () => Promise<void>,
  ) {}

  /** @throws DataFolderUnusable, FolderInUse */
  static async start(folder: string): Promise<EmbeddedPostgres> {
    makeFolder(folder)
    const lock = await DataFolderLock.acquire(folder)
    try {
      const database = await PGlite.create(join(folder, "postgres"))
      const address = addressIn(folder)
      if (address.path) rmSync(address.path, { force: true })
      const server = new PGLiteSocketServer({ db: database, ...address, maxConnections: MAX_CONNECTIONS })
      await server.start()
      const listening = address.path
        ? { host: socketFolder(folder), port: SOCKET_PORT }
        : tcpAddress(server.getServerConn())
      return new EmbeddedPostgres(connectionTo(listening), lock, async () => {
        await server.stop()
        await database.close()
        lock.release()
      })
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /** Answers requests of other processes that would need the database. */
  serve(handler: RequestHandler): void {
    this.lock.serve(handler)
  }

  async stop(): Promise<void> {
    await this.stopServing()
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new DataFolderUnusable(
      `The data folder ${folder} cannot be written (${code}). Set DATA_DIR to one that can, or DATABASE_URL to a PostgreSQL.`,
    )
  }
}

/** A Unix socket in the folder, which only its owner can enter; loopback TCP where there are none. */
function addressIn(folder: string): { path?: string; host?: string; port?: number } {
  if (process.platform === "win32") return { host: "127.0.0.1", port: 0 }
  return { path: join(socketFolder(folder), SOCKET_NAME) }
}

function tcpAddress(address: string): { host: string; port: number } {
  const [host = "", port = ""] = address.split(":")
  return { host, port: Number(port) }
}

function connectionTo({ host, port }: { host: string; port: number }): DatabaseConnection {
  return { host, port, poolSize: 1, acquireTimeout: ACQUIRE_TIMEOUT }
}
