import { cellsOf, type Cell, type Contestant } from "./contestant.js"
import type { LoadGenerator } from "./load-generator.js"
import { cpuTime, residentMemory } from "./process-usage.js"
import { ROWS, type Row, type RowName } from "./rows.js"

/** What one contestant did in one cell of one round. Times in milliseconds. */
export interface Sample extends Cell {
  contestant: Contestant["name"]
  round: number
  requestsPerSecond: number
  p50: number
  p99: number
  cpuPerRequest: number
  /** MB. */
  rss: number
}

/** Connections of the warm-up. */
const WARM_UP_CONNECTIONS = 16

/**
 * Measures every cell in rounds, the contestants one after the other within each: what else the machine does meanwhile
 * hits them all alike.
 */
export async function measure(
  contestants: Contestant[],
  generator: LoadGenerator,
  rows: readonly RowName[],
  rounds: number,
  onProgress: (cell: Cell) => void,
): Promise<Sample[]> {
  const samples: Sample[] = []
  for (const contestant of contestants) {
    for (const row of rows.filter((name) => contestant.rows.includes(name))) {
      await sample(contestant, generator, { row, connections: WARM_UP_CONNECTIONS }, 0)
    }
  }
  for (const cell of cellsOf(rows)) {
    onProgress(cell)
    const concerned = contestants.filter((contestant) => contestant.rows.includes(cell.row))
    for (let round = 1; round <= rounds; round++) {
      for (const contestant of concerned) samples.push(await sample(contestant, generator, cell, round))
    }
  }
  return samples
}

async function sample(
  contestant: Contestant,
  generator: LoadGenerator,
  { row, connections }: Cell,
  round: number,
): Promise<Sample> {
  const { name, baseUrl, pid, requests: amount } = contestant
  const { audience }: Row = ROWS[row]
  const headers = audience ? contestant.headers[audience] : {}
  const requests = await contestant.prepare(row, amount)
  const before = cpuTime(pid)
  const load = await generator.run({ baseUrl, row, headers, connections, amount, requests })
  const measured = {
    row,
    connections,
    contestant: name,
    round,
    requestsPerSecond: load.requestsPerSecond,
    p50: load.p50,
    p99: load.p99,
    cpuPerRequest: (cpuTime(pid) - before) / amount,
    rss: residentMemory(pid),
  }
  await contestant.conclude(row, amount)
  return measured
}
