import { randomBytes } from "node:crypto"
import { fileURLToPath } from "node:url"
import { BenchDatabase, POOL_SIZE } from "./bench-database.js"
import type { Contestant } from "./contestant.js"
import { rawStatements } from "./raw-statements.js"
import { freePort, ServerProcess } from "./server-process.js"

/** The service as in production, and the raw limit: each one process with a database of its own. */
export async function startOwn(
  name: "service" | "raw",
  databaseUrl: string,
  requests: number,
): Promise<Contestant & { database: BenchDatabase }> {
  const database = await BenchDatabase.create(databaseUrl, name)
  const publishableKey = `pk_${randomBytes(32).toString("hex")}`
  try {
    const server = await ServerProcess.start(SCRIPTS[name], {
      DATABASE_URL: database.url,
      DATABASE_POOL_SIZE: String(POOL_SIZE),
      TCP_PORT: String(await freePort()),
      BOOTSTRAP_PUBLISHABLE_KEY: publishableKey,
      BOOTSTRAP_SECRET_KEY: `sk_${randomBytes(32).toString("hex")}`,
      ...(name === "raw" && { STATEMENTS: JSON.stringify(await rawStatements(database.url)) }),
    })
    return {
      name,
      baseUrl: server.baseUrl,
      publishableKey,
      pid: server.pid,
      requests,
      database,
      carts: (mode, amount) => database.putCarts(mode, amount),
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
