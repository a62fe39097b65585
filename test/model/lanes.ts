import fc from "fast-check"

/** Where to find a failure again, or how far to look. */
export interface Plan {
  readonly seed: number
  readonly path?: string
  readonly runs: number
  /** How many sequences are under way at once: most of their time is waiting. */
  readonly lanes: number
  /** Milliseconds after which no more are drawn. */
  readonly limit: number
}

/** Milliseconds for which a failure is shrunk: it is to be told before whoever waits for it gives up. */
const SHRINKING = 90_000

/** Reads the plan from the environment, see test/model.e2e-spec.ts. @param usual how many sequences without MODEL_RUNS */
export function planFrom(env: NodeJS.ProcessEnv, limit: number, usual: number): Plan {
  const path = env["MODEL_PATH"]
  const named = env["MODEL_SEED"] ?? "1"
  const seed = named === "random" ? Math.floor(Math.random() * 2 ** 31) : Number(named)
  const runs = Number(env["MODEL_RUNS"] ?? usual)
  const lanes = Number(env["MODEL_RUNNERS"] ?? 12)
  return path === undefined ? { seed, runs, lanes, limit } : { seed, path, runs: 1, lanes: 1, limit }
}

/** How a sequence is told, and which test runs it. */
export interface Telling<S> {
  readonly linesOf: (sequence: S) => string[]
  readonly test: string
}

/**
 * Runs sequences, several at once; each lane draws and shrinks its own. Once one has failed the others stop.
 * @returns how many ran within the time
 * @throws Error with what failed, how, and how to see it again
 */
export async function runSequences<S>(
  plan: Plan,
  arbitrary: fc.Arbitrary<S>,
  run: (sequence: S) => Promise<void>,
  telling: Telling<S>,
): Promise<number> {
  let failure: { lane: number; until: number } | undefined
  const runIn = async (lane: number, sequence: S) => {
    if (failure && (failure.lane !== lane || Date.now() > failure.until)) return
    try {
      await run(sequence)
    } catch (error) {
      failure ??= { lane, until: Date.now() + SHRINKING }
      throw error
    }
  }
  const lanes = Array.from({ length: plan.lanes }, (_, lane) => lane)
  const endings = await Promise.all(
    lanes.map((lane) =>
      fc.check(
        fc.asyncProperty(arbitrary, (sequence) => runIn(lane, sequence)),
        {
          seed: plan.seed + lane,
          path: plan.path,
          numRuns: Math.floor((plan.runs + plan.lanes - 1 - lane) / plan.lanes),
          interruptAfterTimeLimit: plan.limit,
        },
      ),
    ),
  )
  const broken = endings.find(({ counterexample }) => counterexample !== null)
  if (broken) throw new Error(reportOf(broken, telling))
  return endings.reduce((sum, { numRuns }) => sum + numRuns, 0)
}

function reportOf<S>(details: fc.RunDetails<[S]>, { linesOf, test }: Telling<S>): string {
  const { seed, counterexample, counterexamplePath, numShrinks, errorInstance } = details
  const lines = counterexample ? linesOf(counterexample[0]) : []
  return [
    `A sequence breaks a promise (seed ${seed}, path ${counterexamplePath}, ${numShrinks} times shrunk):`,
    ...lines.map((line, index) => `${String(index + 1).padStart(3)}. ${line}`),
    "",
    errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance),
    "",
    `See it again: MODEL_SEED=${seed} MODEL_PATH=${counterexamplePath} npm test -- ${test}`,
  ].join("\n")
}
