import { PGlite } from "@electric-sql/pglite"
import { PGLiteSocketServer } from "@electric-sql/pglite-socket"
import { chmodSync, existsSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { DatabaseConnection } from "../data-source-options.js"
import { closeFilesToOthers, openDataFolder } from "./data-folder.js"
import { DataFolderLock, socketFolder, type RequestHandler } from "./data-folder-lock.js"

/** The name that PostgreSQL's clients expect of the socket of this port; they get its folder as the host. */
const SOCKET_PORT = 5432
const SOCKET_NAME = `.s.PGSQL.${SOCKET_PORT}`

/**
 * PGlite is one session, in which the statements of several connections would mix: one connection would run the statement
 * that another has parsed. So only the service connects, by one connection. The others are for its earlier connections
 * that are still closing.
 */
const MAX_CONNECTIONS = 5

/** Longer than any request waits: with one connection, queueing is no error. Only a use case that leaves its transaction reaches it. */
const ACQUIRE_TIMEOUT = 30_000

/** Folder of the database in the data folder, and the file that every PostgreSQL data directory has. */
const DATABASE_FOLDER = "postgres"
const DATABASE_MARK = "PG_VERSION"

/** Whether a data folder has a database. */
export function hasEmbeddedDatabase(dataDir: string): boolean {
  return existsSync(join(dataDir, DATABASE_FOLDER, DATABASE_MARK))
}

/**
 * PostgreSQL inside this process (PGlite), reached by the ordinary driver through a socket in the data folder. A kill
 * -9 loses nothing that was acknowledged, because the operating system has it; PGlite does not fsync, so a power failure may.
 */
export class EmbeddedPostgres {
  private constructor(
    /** The real path of the data folder. */
    readonly folder: string,
    readonly connection: DatabaseConnection,
    private readonly lock: DataFolderLock,
    private readonly stopServing: () => Promise<void>,
  ) {}

  /** @throws DataFolderUnusable, FolderInUse */
  static async start(dataDir: string): Promise<EmbeddedPostgres> {
    const folder = openDataFolder(dataDir)
    const lock = await DataFolderLock.acquire(folder)
    try {
      const database = await PGlite.create(join(folder, DATABASE_FOLDER))
      const address = addressIn(folder)
      if (address.path) rmSync(address.path, { force: true })
      const server = new PGLiteSocketServer({ db: database, ...address, maxConnections: MAX_CONNECTIONS })
      await server.start()
      if (address.path) chmodSync(address.path, 0o600)
      // PGlite gives the files that it makes rights of their own, whatever the umask.
      closeFilesToOthers(folder)
      const listening = address.path
        ? { host: socketFolder(folder), port: SOCKET_PORT }
        : tcpAddress(server.getServerConn())
      return new EmbeddedPostgres(folder, connectionTo(listening), lock, async () => {
        await server.stop()
        await database.close()
        closeFilesToOthers(folder)
        lock.release()
      })
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /** Handles requests of other processes that need the database. */
  onRequest(handler: RequestHandler): void {
    this.lock.onRequest(handler)
  }

  async stop(): Promise<void> {
    await this.stopServing()
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
