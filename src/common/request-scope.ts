import { AsyncLocalStorage } from "node:async_hooks"

const scope = new AsyncLocalStorage<{ readonly requestId: string }>()

/** Runs what belongs to a request, or a message: everything that is logged meanwhile gets its id. */
export function inRequest<T>(requestId: string, run: () => T): T {
  return scope.run({ requestId }, run)
}

/** The id of the request that is being handled; undefined for background work. */
export function currentRequestId(): string | undefined {
  return scope.getStore()?.requestId
}
