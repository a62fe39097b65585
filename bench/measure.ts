import { CELLS, MODES, type Cell, type Contestant } from "./contestant.js"
import type { LoadGenerator } from "./load-generator.js"
import { cpuTime, residentMemory } from "./process-usage.js"

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
  rounds: number,
  onProgress: (cell: Cell) => void,
): Promise<Sample[]> {
  const samples: Sample[] = []
  for (const contestant of contestants) {
    for (const mode of MODES) await sample(contestant, generator, { mode, connections: WARM_UP_CONNECTIONS }, 0)
  }
  for (const cell of CELLS) {
    onProgress(cell)
    for (let round = 1; round <= rounds; round++) {
      for (const contestant of contestants) samples.push(await sample(contestant, generator, cell, round))
    }
  }
  return samples
}

async function sample(contestant: Contestant, generator: LoadGenerator, cell: Cell, round: number): Promise<Sample> {
  const { name, baseUrl, publishableKey, pid, requests } = contestant
  const carts = await contestant.carts(cell.mode, requests)
  const before = cpuTime(pid)
  const load = await generator.run({ baseUrl, publishableKey, connections: cell.connections, requests, carts })
  return {
    ...cell,
    contestant: name,
    round,
    requestsPerSecond: load.requestsPerSecond,
    p50: load.p50,
    p99: load.p99,
    cpuPerRequest: (cpuTime(pid) - before) / requests,
    rss: residentMemory(pid),
  }
}
