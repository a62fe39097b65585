import { readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { Contestant } from "./contestant.js"

/**
 * A running Medusa. Its env file names BASE_URL, PUBLISHABLE_KEY and SERVER_PID, and beside it lies carts.txt: ids of
 * carts without a collection, one per line. A create uses a cart up, so its id leaves the file before it is sent; a
 * repeat takes carts that were used up in this run.
 */
export function joinPeer(envFile: string, requests: number): Contestant {
  const env = readEnv(envFile)
  const cartsFile = join(dirname(envFile), "carts.txt")
  const used: string[] = []

  const draw = (amount: number): string[] => {
    const carts = readFileSync(cartsFile, "utf8").split("\n").filter(Boolean)
    if (carts.length < amount) throw new Error(`${cartsFile} has ${carts.length} carts left, ${amount} are needed`)
    const drawn = carts.slice(0, amount)
    writeFileSync(
      cartsFile,
      carts
        .slice(amount)
        .map((id) => `${id}\n`)
        .join(""),
    )
    used.push(...drawn)
    return drawn
  }

  return {
    name: "peer",
    baseUrl: env("BASE_URL"),
    publishableKey: env("PUBLISHABLE_KEY"),
    pid: Number(env("SERVER_PID")),
    requests,
    carts: (mode, amount) => Promise.resolve(mode === "create" ? draw(amount) : used.slice(-amount)),
    stop: () => Promise.resolve(),
  }
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
