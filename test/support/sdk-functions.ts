import { newSdk, type Sdk } from "./sdk.js"

/** A function of the js-sdk, found on the object that it belongs to. */
export interface SdkFunction {
  /** As an application writes it, without the sdk: `admin.payment.capture`. */
  readonly name: string
  readonly owner: Record<string, (...args: unknown[]) => unknown>
  readonly key: string
}

/** Every function of the sdk, whichever version it is: found on its objects, not in a list. */
export function functionsOf(sdk: Sdk): SdkFunction[] {
  const { client, ...parts } = sdk as unknown as Record<string, object>
  // The transport is no part of what an application calls by name.
  const seen = new Set<unknown>([client])
  return Object.entries(parts).flatMap(([name, part]) => functionsBelow(part, name, seen))
}

function functionsBelow(owner: object, path: string, seen: Set<unknown>): SdkFunction[] {
  if (seen.has(owner)) return []
  seen.add(owner)
  return memberNames(owner).flatMap((key) => {
    const member = (owner as Record<string, unknown>)[key]
    const name = `${path}.${key}`
    if (typeof member === "function") return [{ name, owner: owner as SdkFunction["owner"], key }]
    return typeof member === "object" && member !== null ? functionsBelow(member, name, seen) : []
  })
}

function memberNames(owner: object): string[] {
  const names = new Set<string>()
  for (let each = owner; each !== Object.prototype; each = Object.getPrototypeOf(each) as object) {
    for (const name of Object.getOwnPropertyNames(each)) if (name !== "constructor") names.add(name)
  }
  return [...names]
}

/** What stands in a path where an id belongs. */
const ID = ":id"

/**
 * The routes that each function of the sdk calls, such as `POST /admin/payments/:id/capture`: learned by calling it
 * without a network. A function that needs more than texts as arguments calls none.
 */
export async function routesByFunction(): Promise<Map<string, string[]>> {
  const sdk = newSdk({ baseUrl: "http://nowhere.invalid" })
  const called: string[] = []
  const record = async (path: unknown, { method = "GET" }: { method?: string } = {}) => {
    called.push(`${method} ${String(path).split("?")[0]}`)
    // What the functions read of a response before they call the next route.
    return Promise.resolve({ payment_collection: { id: ID }, token: "token" })
  }
  sdk.client.fetch = record as typeof sdk.client.fetch
  sdk.client.fetchStream = record as unknown as typeof sdk.client.fetchStream
  const routes = new Map<string, string[]>()
  for (const { name, owner, key } of functionsOf(sdk)) {
    called.length = 0
    await Promise.resolve(owner[key]?.(ID, ID, ID, ID)).catch(() => undefined)
    routes.set(name, [...called])
  }
  return routes
}

/** Records the name of each function of an sdk that is called. */
export function recordCalls(sdk: Sdk): Set<string> {
  const called = new Set<string>()
  for (const { name, owner, key } of functionsOf(sdk)) {
    const original = owner[key]?.bind(owner)
    owner[key] = (...args) => {
      called.add(name)
      return original?.(...args)
    }
  }
  return called
}
