import autocannon from "autocannon"
import { ROWS, type BenchRequest, type RowName } from "./rows.js"

/** What the load generator is told to do. */
export interface LoadOrder {
  baseUrl: string
  row: RowName
  headers: Record<string, string>
  connections: number
  /** How many to send. */
  amount: number
  /** Sent in turn, from the first again when there are fewer. */
  requests: BenchRequest[]
}

export interface LoadResult {
  requestsPerSecond: number
  /** Milliseconds. */
  p50: number
  p99: number
  /** What went wrong; nothing measured counts unless this is empty. */
  faults: string[]
}

/** Seconds that an answer may take: a Medusa needs some for a refund at 64 connections. */
const TIMEOUT = 60

/** Characters that are kept of a wrong answer. */
const FAULT_LENGTH = 500

// The load generator: a process of its own, that it may not take turns with what it measures, and one for the whole
// run, so that it is equally warm for everybody.
process.on("message", (order: LoadOrder) => {
  void load(order).then((result) => process.send?.(result))
})

async function load({ baseUrl, row, headers, connections, amount, requests }: LoadOrder): Promise<LoadResult> {
  const latencies: number[] = []
  const proofs = new Set<string>()
  const faults: string[] = []
  /** What each connection has sent last, by what autocannon keeps of it. */
  const underWay = new WeakMap<object, BenchRequest>()
  let sent = 0
  const options: autocannon.Options = {
    url: baseUrl,
    connections,
    amount,
    timeout: TIMEOUT,
    requests: [
      {
        setupRequest: (request, context) => {
          const next = requests[sent++ % requests.length]
          if (next) underWay.set(context, next)
          const type = next?.body !== undefined && { "content-type": "application/json" }
          return { ...request, ...next, headers: { ...headers, ...type, ...next?.headers } }
        },
        onResponse: (status, body, context) => {
          const request = underWay.get(context)
          const proof = status === 200 && request ? ROWS[row].proof(body, request) : undefined
          if (proof !== undefined) proofs.add(proof)
          else faults.push(`${status} ${body.slice(0, FAULT_LENGTH)}`)
        },
      },
    ],
  }
  // autocannon ends on a tick of one second only, so the span is taken here.
  let first = Infinity
  let last = 0
  const { errors, timeouts } = await new Promise<autocannon.Result>((resolve, reject) => {
    const run = autocannon(options, (error: Error | null, result) => {
      if (error) reject(error)
      else resolve(result)
    })
    run.on("response", (_client, _status, _bytes, milliseconds) => {
      last = performance.now()
      first = Math.min(first, last - milliseconds)
      latencies.push(milliseconds)
    })
  })
  if (errors + timeouts > 0) faults.push(`${errors} connections failed, ${timeouts} answers were too late`)
  if (latencies.length !== amount) faults.push(`${latencies.length} answers to ${amount} requests`)
  const distinct = Math.min(amount, new Set(requests.map((request) => JSON.stringify(request))).size)
  if (proofs.size !== distinct) faults.push(`${distinct} different requests got ${proofs.size} different answers`)

  latencies.sort((a, b) => a - b)
  const quantile = (q: number) => latencies[Math.ceil(q * latencies.length) - 1] ?? NaN
  return {
    requestsPerSecond: (latencies.length / (last - first)) * 1000,
    p50: quantile(0.5),
    p99: quantile(0.99),
    faults,
  }
}
