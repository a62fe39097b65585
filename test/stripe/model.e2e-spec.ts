import { afterAll, beforeAll, expect, it } from "@jest/globals"
import { planFrom, runSequences } from "../model/lanes.js"
import { prepareLooks } from "../model/rows.js"
import { Tally } from "../model/tally.js"
import { TEST_DATABASE_URL } from "../support/database.js"
import { EXTENT } from "../support/extent.js"
import { TestService } from "../support/service.js"
import { Account, DEADLINE } from "./model/account.js"
import { linesOf, type Life } from "./model/acts.js"
import { lives } from "./model/draws.js"
import { LifeRun } from "./model/life-run.js"

// Random lives of carts that are paid with Stripe: shoppers, operators and the merchant's dashboard act in any order, calls
// fail in every way, webhooks come late, twice and in any order. What each step answers is not predicted, as in
// test/model.e2e-spec.ts, whose settings count here, too; what has to hold is checked after every step, and in the end our
// books have to be Stripe's.

const MINUTE = 60_000
const limit = Number(process.env["MODEL_MINUTES"] ?? 20) * MINUTE
const plan = planFrom(process.env, limit, EXTENT.stripeModelRuns)

const tally = new Tally()
const instances: TestService[] = []
/** One for each life that is under way. */
const accounts: Account[] = []

beforeAll(async () => {
  const names = Array.from({ length: plan.lanes }, (_, lane) => `a${lane}`)
  accounts.push(...(await Promise.all(names.map((name) => Account.start(name)))))
  const env = {
    PROVIDER_TIMEOUT: String(DEADLINE),
    STRIPE_ACCOUNTS: names.join(","),
    STRIPE_AUTOMATIC_PAYMENT_METHODS: "false",
    ...Object.assign({}, ...accounts.map((account) => account.env)),
  }
  const service = await TestService.start(env)
  instances.push(service)
  // An embedded database has one instance; on another one they take turns, and share nothing but the database.
  if (TEST_DATABASE_URL) instances.push(await TestService.startOn(service.connection, env))
  await prepareLooks(service.dataSource)
})
afterAll(async () => {
  if (process.env["MODEL_STATS"]) console.log(tally.toString())
  for (const instance of instances.reverse()) await instance.close()
  await Promise.all(accounts.map(({ stripe }) => stripe.stop()))
})

it(
  "says what Stripe's books say, in whatever order things are done, told and go wrong",
  async () => {
    const free = [...accounts]
    const run = async (life: Life) => {
      const account = free.pop()
      if (!account) throw new Error("There are more lives than accounts")
      try {
        await new LifeRun(instances, account, tally, life).run()
      } finally {
        free.push(account)
        // The logs of statements are not looked at here, and grow.
        for (const { statements } of instances) statements.take()
      }
    }
    const ran = await runSequences(plan, lives, run, { linesOf, test: "test/stripe/model" })
    expect(ran).toBeGreaterThanOrEqual(plan.runs)
  },
  limit + MINUTE,
)
