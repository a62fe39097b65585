import { closest, distance } from "fastest-levenshtein"
import { ConfigError } from "../config.js"

/** An environment that records which names are read from it. Those names are the settings. */
export interface RecordedEnvironment {
  readonly env: NodeJS.ProcessEnv
  readonly names: ReadonlySet<string>
}

export function recordReads(environment: NodeJS.ProcessEnv): RecordedEnvironment {
  const names = new Set<string>()
  const env = new Proxy(environment, {
    get: (target, name) => {
      if (typeof name === "string") names.add(name)
      return Reflect.get(target, name) as unknown
    },
  })
  return { env, names }
}

/** Only this service reads names that begin like this. */
const OURS = /^(TCP|BOOTSTRAP|RECONCILER|PROVIDER)_/

/** Other programs read names with this prefix too, such as STRIPE_PUBLISHABLE_KEY. Only a misspelt name of ours is refused. */
const SHARED = "STRIPE_"

/** Kubernetes puts the addresses of all services into the environment, under names derived from theirs. */
const OF_KUBERNETES = /_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP)/
const ADDRESS = /^(tcp|udp|sctp):\/\//

/** The most letters that are wrong in a misspelt name, and the shortest name for which that is significant. */
const TYPO = 2
const SHORTEST = 6

/**
 * Finds settings that nothing reads, because their names are misspelt.
 * @returns a warning for each name that may belong to another program
 * @throws ConfigError naming every other one, and the setting nearest to it
 */
export function checkSettingNames({ names }: RecordedEnvironment, environment: NodeJS.ProcessEnv): string[] {
  const known = [...names]
  const unknown = Object.entries(environment)
    .filter(([name, value = ""]) => !names.has(name) && !OF_KUBERNETES.test(name) && !ADDRESS.test(value))
    .map(([name]) => name)
  const suspects = unknown.map((name) => {
    const nearest = closest(name, known)
    const isTypo = name.length >= SHORTEST && prefixOf(name) === prefixOf(nearest) && distance(name, nearest) <= TYPO
    return { name, nearest, isTypo }
  })
  const refused = suspects.filter(({ name, isTypo }) => OURS.test(name) || (name.startsWith(SHARED) && isTypo))
  if (refused.length > 0) {
    throw new ConfigError(
      refused.map(({ name, nearest }) => `${name} is no setting: did you mean ${nearest}?`).join(" "),
    )
  }
  return suspects
    .filter(({ name, isTypo }) => isTypo || name.startsWith(SHARED))
    .map(
      ({ name, nearest, isTypo }) =>
        `${name} is no setting of this service${isTypo ? `: did you mean ${nearest}?` : "."}`,
    )
}

function prefixOf(name: string): string {
  return name.split("_", 1)[0] ?? name
}
