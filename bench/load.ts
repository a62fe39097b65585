import autocannon from "autocannon"

/** What the load generator is told to do. */
export interface LoadOrder {
  baseUrl: string
  publishableKey: string
  connections: number
  requests: number
  /** Sent in turn, from the first again when there are fewer than requests. */
  carts: string[]
}

export interface LoadResult {
  requestsPerSecond: number
  /** Milliseconds. */
  p50: number
  p99: number
  /** What went wrong; nothing measured counts unless this is empty. */
  faults: string[]
}

// The load generator: a process of its own, that it may not take turns with what it measures, and one for the whole
// run, so that it is equally warm for everybody.
process.on("message", (order: LoadOrder) => {
  void load(order).then((result) => process.send?.(result))
})

async function load({ baseUrl, publishableKey, connections, requests, carts }: LoadOrder): Promise<LoadResult> {
  const latencies: number[] = []
  const ids = new Set<string>()
  const faults: string[] = []
  let sent = 0
  const options: autocannon.Options = {
    url: baseUrl,
    connections,
    amount: requests,
    timeout: 30,
    requests: [
      {
        method: "POST",
        path: "/store/payment-collections",
        headers: { "content-type": "application/json", "x-publishable-api-key": publishableKey },
        setupRequest: (request) => ({ ...request, body: JSON.stringify({ cart_id: carts[sent++ % carts.length] }) }),
        onResponse: (status, body) => {
          const id = status === 200 ? idOf(body) : undefined
          if (id) ids.add(id)
          else faults.push(`${status} ${body}`)
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
  if (latencies.length !== requests) faults.push(`${latencies.length} answers to ${requests} requests`)
  const distinct = Math.min(carts.length, requests)
  if (ids.size !== distinct) faults.push(`${distinct} carts got ${ids.size} collections`)

  latencies.sort((a, b) => a - b)
  const quantile = (q: number) => latencies[Math.ceil(q * latencies.length) - 1] ?? NaN
  return {
    requestsPerSecond: (latencies.length / (last - first)) * 1000,
    p50: quantile(0.5),
    p99: quantile(0.99),
    faults,
  }
}

function idOf(body: string): string | undefined {
  const { payment_collection } = JSON.parse(body) as { payment_collection?: { id?: string } }
  return payment_collection?.id
}
