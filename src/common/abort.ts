/**
 * Runs a call until the signal is aborted. The caller does not wait for a call that continues after that.
 * @throws the signal's reason as soon as it is aborted
 */
export async function untilAborted<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  let onAbort = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      reject(signal.reason as Error)
    }
    signal.addEventListener("abort", onAbort, { once: true })
  })
  try {
    return await Promise.race([call(), aborted])
  } finally {
    signal.removeEventListener("abort", onAbort)
  }
}
