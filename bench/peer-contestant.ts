import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { Contestant } from "./contestant.js"
import { PeerApi } from "./peer-api.js"
import { PeerStock, type Stage } from "./peer-stock.js"
import { isStopped } from "./process-usage.js"
import { isRefunded, PAGE, ROW_NAMES, ROWS, type BenchRequest, type RowName } from "./rows.js"

/** Where the requests of a row find a cart, and where they leave it. */
const STAGES: Partial<Record<RowName, readonly [from: Stage, to: Stage]>> = {
  create: ["cart", "collection"],
  repeat: ["collection", "collection"],
  session: ["collection", "session"],
  capture: ["payment", "captured"],
  refund: ["captured", "captured"],
}

/**
 * A running Medusa; where it was stopped (SIGSTOP), it runs during the bench. Its env file names BASE_URL,
 * PUBLISHABLE_KEY, ADMIN_EMAIL, ADMIN_PASSWORD and SERVER_PID, and beside it lies carts.txt; see {@link PeerStock}.
 */
export async function joinPeer(envFile: string, requests: number): Promise<Contestant> {
  const env = readEnv(envFile)
  const pid = Number(env("SERVER_PID"))
  const baseUrl = env("BASE_URL")
  const wasStopped = isStopped(pid)
  if (wasStopped) process.kill(pid, "SIGCONT")
  const stop = () => {
    if (wasStopped) process.kill(pid, "SIGSTOP")
    return Promise.resolve()
  }
  try {
    const api = await PeerApi.open(baseUrl, env("PUBLISHABLE_KEY"), env("ADMIN_EMAIL"), env("ADMIN_PASSWORD"))
    const stock = new PeerStock(join(dirname(envFile), "carts.txt"), api)
    return {
      name: "peer",
      baseUrl,
      headers: api.headers,
      pid,
      requests,
      // Its carts are paid by completing them, which is more than to authorize; and it keeps no webhooks.
      rows: ROW_NAMES.filter((row) => row !== "authorize" && row !== "webhook"),
      prepare: async (row, amount) => {
        const [from, to] = STAGES[row] ?? []
        if (!from || !to) return prepareList(api, stock)
        const taken = await stock.take(from, amount)
        stock.put(to, taken)
        return taken.map((ids) => ROWS[row].request(ids))
      },
      conclude: () => Promise.resolve(),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Sees to it that every payment of the first page has a capture and a refund. */
async function prepareList(api: PeerApi, stock: PeerStock): Promise<BenchRequest[]> {
  const request = ROWS.list.request()
  const page = async () => (await api.admin(request)).payments ?? []
  const missing = PAGE - (await page()).length
  if (missing > 0) stock.put("captured", await stock.take("payment", missing))
  for (const payment of await page()) {
    if (isRefunded(payment)) continue
    if (payment.captures?.length === 0) await api.admin(ROWS.capture.request({ payment: payment.id }))
    await api.admin(ROWS.refund.request({ payment: payment.id }))
  }
  return [request]
}

/** Reads lines such as `export NAME=value OTHER=value`. */
function readEnv(file: string): (name: string) => string {
  const values = new Map(
    [...readFileSync(file, "utf8").matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
  )
  return (name) => {
    const value = values.get(name)
    if (value === undefined) throw new Error(`${file} does not name ${name}`)
    return value
  }
}
