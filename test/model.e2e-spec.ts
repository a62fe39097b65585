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
import { FakeProvidersModule } from "./support/fake-provider.js"
import { TestService } from "./support/service.js"

// Random sequences of commands, beside a model of what they are to do; see test/model. A failure tells its seed and path:
//
//   MODEL_SEED=1 MODEL_PATH=2:3 npm test -- test/model.e2e   runs the one sequence that failed again
//   MODEL_SEED=1 npm test -- test/model.e2e                  draws the same sequences again
//   MODEL_RUNS=10000 npm test -- test/model.e2e              looks further; MODEL_MINUTES is how long it may take
//   MODEL_LANES=1 npm test -- test/model.e2e                 runs one after the other
//   MODEL_TALLY=1 npm test -- test/model.e2e                 tells what the sequences came to

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
  if (process.env["MODEL_TALLY"]) console.log(tally.toString())
  for (const instance of instances.reverse()) await instance.close()
})

it(
  "keeps every promise in whatever order things are asked for and go wrong",
  async () => {
    const plan = planFrom(process.env, limit)
    const run = async (steps: Step[]) => {
      await new Sequence(instances, switchboard, tally).run(steps)
      // The logs of statements are not looked at here, and grow.
      for (const { statements } of instances) statements.take()
    }
    const linesOf = (steps: Step[]) => steps.map(wordsOf)
    const ran = await runSequences(plan, sequences, run, { linesOf, test: "test/model.e2e" })
    expect(ran).toBeGreaterThanOrEqual(plan.runs)
    expect(tally.of("late by itself")).toBeLessThan(plan.runs / 20)
  },
  limit + MINUTE,
)
