import { afterAll, beforeAll, expect, it } from "@jest/globals"
import { wordsOf, type Step } from "./model/commands.js"
import { sequences } from "./model/draws.js"
import { DEADLINE } from "./model/faults.js"
import { planFrom, runSequences } from "./model/lanes.js"
import { prepareLooks } from "./model/rows.js"
import { Sequence } from "./model/sequence.js"
import { Switchboard } from "./model/switchboard.js"
import { Tally } from "./model/tally.js"
import { TEST_DATABASE_URL } from "./support/database.js"
import { EXTENT } from "./support/extent.js"
import { FakeProvidersModule } from "./support/fake-provider.js"
import { TestService } from "./support/service.js"

// Random sequences of commands, compared with a model that predicts their effect; see test/model. The seed is fixed, so an
// unrelated change does not fail here. A failure prints its seed and path:
//
//   MODEL_SEED=1 MODEL_PATH=2:3 npm test -- test/model.e2e     runs the one sequence that failed again
//   MODEL_SEED=random npm run test:full -- test/model.e2e      generates other sequences
//   MODEL_RUNS=10000 npm test -- test/model.e2e                runs more; MODEL_MINUTES is how long it may take
//   MODEL_RUNNERS=1 npm test -- test/model.e2e                 runs one sequence after the other
//   MODEL_STATS=1 npm test -- test/model.e2e                   prints how often each thing happened

const MINUTE = 60_000
const limit = Number(process.env["MODEL_MINUTES"] ?? 20) * MINUTE

const switchboard = new Switchboard()
const tally = new Tally()
const instances: TestService[] = []

beforeAll(async () => {
  const env = { PROVIDER_TIMEOUT: String(DEADLINE) }
  const modules = [FakeProvidersModule.over(switchboard)]
  const service = await TestService.start(env, { modules })
  instances.push(service)
  // An embedded database has one instance; on another one they take turns, and share nothing but the database.
  if (TEST_DATABASE_URL) instances.push(await TestService.startOn(service.connection, env, { modules }))
  await prepareLooks(service.dataSource)
})
afterAll(async () => {
  if (process.env["MODEL_STATS"]) console.log(tally.toString())
  for (const instance of instances.reverse()) await instance.close()
})

it(
  "keeps every promise in whatever order things are asked for and go wrong",
  async () => {
    const plan = planFrom(process.env, limit, EXTENT.modelRuns)
    const run = async (steps: Step[]) => {
      await new Sequence(instances, switchboard, tally).run(steps)
      // The logs of statements are not looked at here, and grow.
      for (const { statements } of instances) statements.take()
    }
    const linesOf = (steps: Step[]) => steps.map(wordsOf)
    const ran = await runSequences(plan, sequences, run, { linesOf, test: "test/model.e2e" })
    expect(ran).toBeGreaterThanOrEqual(plan.runs)
    expect(tally.of("late by itself")).toBeLessThan(Math.max(plan.runs / 20, 3))
  },
  limit + MINUTE,
)
