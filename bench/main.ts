import { mkdirSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { join } from "node:path"
import type { Contestant } from "./contestant.js"
import { LoadGenerator } from "./load-generator.js"
import { measure } from "./measure.js"
import { readOptions, type BenchOptions } from "./options.js"
import { startOwn } from "./own-contestants.js"
import { joinPeer } from "./peer-contestant.js"
import { record } from "./recorder.js"
import { countStatements } from "./recording.js"
import { summarize, table } from "./report.js"
import { StripeStandIn } from "./stripe-stand-in.js"

const RESULTS = "bench/results"

const contestants: Contestant[] = []
const generator = new LoadGenerator()
const stripe = await StripeStandIn.start()
process.on("SIGINT", () => void cleanUp().then(() => process.exit(130)))
try {
  await bench(readOptions(process.argv.slice(2)))
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
} finally {
  await cleanUp()
}

async function bench(options: BenchOptions): Promise<void> {
  const { databaseUrl, peerEnv, rows, requests, peerRequests, rounds } = options
  const recordings = await record(databaseUrl)
  const raw = await startOwn("raw", databaseUrl, recordings, requests, stripe.baseUrl)
  contestants.push(raw)
  contestants.push(await startOwn("service", databaseUrl, recordings, requests, stripe.baseUrl))
  if (peerEnv) contestants.push(await joinPeer(peerEnv, peerRequests))

  const samples = await measure(contestants, generator, rows, rounds, ({ row, connections }) =>
    process.stderr.write(`${row} at ${connections} connections\n`),
  )
  const summary = summarize(rows, samples)
  const statements = Object.fromEntries(rows.map((row) => [row, countStatements(recordings[row])]))
  const machine = {
    node: process.version,
    postgres: await raw.database.serverVersion(),
    cpus: cpus().map(({ model }) => model),
  }
  const at = new Date().toISOString()
  const file = write({ at, machine, requests, peerRequests, rounds, statements, summary, samples })
  const counts = Object.entries(statements).map(([row, count]) => `${row} ${count}`)
  process.stdout.write(
    `${table(summary)}\n\nMedians of ${rounds} rounds; every sample is in ${file}\n` +
      `Statements per request of the service: ${counts.join(", ")}\n`,
  )
}

function write(result: { at: string; [name: string]: unknown }): string {
  mkdirSync(RESULTS, { recursive: true })
  const file = join(RESULTS, `${result.at.replaceAll(":", "-")}.json`)
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`)
  return file
}

async function cleanUp(): Promise<void> {
  generator.stop()
  for (const contestant of contestants.splice(0)) await contestant.stop()
  stripe.stop()
}
