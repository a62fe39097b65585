import { fileURLToPath } from "node:url"
import { newToken } from "../src/api-keys/api-key.rules.js"
import { BenchDatabase, POOL_SIZE } from "./bench-database.js"
import type { Contestant } from "./contestant.js"
import type { Recordings } from "./recording.js"
import { ROW_NAMES, ROWS, signed, type Row } from "./rows.js"
import { freePort, ServerProcess } from "./server-process.js"
import { stripeEnv } from "./stripe.js"

/** The service as in production, and the raw limit: each one process with a database of its own. */
export async function startOwn(
  name: "service" | "raw",
  databaseUrl: string,
  recordings: Recordings,
  requests: number,
  stripeUrl: string,
): Promise<Contestant & { database: BenchDatabase }> {
  const database = await BenchDatabase.create(databaseUrl, name)
  const keys = { publishable: newToken("publishable"), secret: newToken("secret") }
  try {
    const server = await ServerProcess.start(
      SCRIPTS[name],
      {
        DATABASE_URL: database.url,
        DATABASE_POOL_SIZE: String(POOL_SIZE),
        TCP_PORT: String(await freePort()),
        BOOTSTRAP_PUBLISHABLE_KEY: keys.publishable,
        BOOTSTRAP_SECRET_KEY: keys.secret,
        ...stripeEnv(stripeUrl),
      },
      name === "raw" ? JSON.stringify(Object.values(recordings)) : "",
    )
    return {
      name,
      baseUrl: server.baseUrl,
      headers: {
        store: { "x-publishable-api-key": keys.publishable },
        admin: { authorization: `Bearer ${keys.secret}` },
      },
      pid: server.pid,
      requests,
      rows: ROW_NAMES,
      database,
      prepare: async (row, amount) => {
        const { states = amount }: Row = ROWS[row]
        return (await database.put(recordings[row], states)).map((request) => signed(row, request))
      },
      conclude: async (row, amount) => {
        const { leavesRowIn }: Row = ROWS[row]
        const left = leavesRowIn === undefined ? amount : await database.takeWork(leavesRowIn)
        if (left !== amount) throw new Error(`${name} kept ${left} of ${amount} requests of ${row}`)
      },
      stop: async () => {
        await server.stop()
        await database.drop()
      },
    }
  } catch (error) {
    await database.drop()
    throw error
  }
}

const SCRIPTS = { service: built("../src/main.js"), raw: built("./raw-server.js") }

function built(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
