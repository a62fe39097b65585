import { afterAll, beforeAll, beforeEach, it, jest } from "@jest/globals"
import { builtService } from "../support/built.js"
import { freeClaims } from "../support/crash-checks.js"
import { crashSuite } from "../support/crash-suite.js"
import { CrashSweep } from "../support/crash-sweep.js"
import { StripeSandbox } from "../../sandbox/stripe-sandbox.js"
import { EXTENT, everyNth } from "../support/extent.js"
import { describeServed, onEmbedded } from "../support/served.js"
import { ASKED, happeningsWith } from "./happenings.js"
import { StripeProcessor } from "./stripe-processor.js"
import { RECEIPT, WebhookSweep } from "./webhook-sweep.js"

// The sweep of test/crash.e2e-spec.ts with Stripe, and the webhooks on top: the process is killed while one is received, and
// while it is applied. What is left out there for processors that need a shopper is to mark as paid.

// A use case has some twenty boundaries, each of which takes a collection, and several times a new process.
jest.setTimeout(180_000)

const stripe = await StripeSandbox.start()
const processor = new StripeProcessor(stripe)
const sweep = new CrashSweep(processor)

beforeAll(async () => {
  await builtService()
  await sweep.start()
}, 180_000)
beforeEach(async () => {
  stripe.faults.clear()
  await sweep.makeFit()
})
afterAll(async () => {
  await sweep.close()
  await stripe.stop()
})

crashSuite(sweep)

const onServed = describeServed("kills at every boundary of a webhook")

const happenings = happeningsWith(sweep, processor)
const webhooks = new WebhookSweep(sweep, processor)

onServed("a process killed at every boundary of a webhook, on a real PostgreSQL", () => {
  it.each(everyNth(Object.values(happenings), EXTENT.crashStride))(
    "$name: it is applied by the next process, once",
    async (happening) => {
      await webhooks.begin()
      const halted = await webhooks.haltEverywhere(happening)
      await webhooks.die()
      await webhooks.recover(happening, halted)
    },
  )
})

// One connection for everything: what stands still in a statement keeps everybody waiting.
onEmbedded("a process killed over a webhook, on the embedded database", () => {
  it("in the middle of questions to Stripe and of a call, and before it has kept the webhook", async () => {
    await webhooks.begin()
    const paid = [...(await webhooks.haltInAsks(happenings.paid)), await webhooks.haltAt(happenings.paid, RECEIPT)]
    await webhooks.die()
    await webhooks.recover(happenings.paid, paid)
    await webhooks.begin()
    const late = await webhooks.haltInAsks(happenings.paidLate)
    await webhooks.die()
    await webhooks.recover(happenings.paidLate, late)
  })
})

onServed("a process killed more than once over a webhook, on a real PostgreSQL", () => {
  it("whoever applies it may die of it too", async () => {
    await webhooks.begin()
    const halted = await webhooks.haltInAsk(happenings.paid, ASKED[0], "timeout_before")
    await webhooks.die()
    for (const [ask, fault] of [
      [ASKED[0], "timeout_after"],
      [ASKED[1], "timeout_before"],
      [ASKED[1], "timeout_after"],
    ] as const) {
      stripe.faults.add(ask, fault)
      const asked = stripe.nextRequest(ask)
      await freeClaims(sweep.service)
      await asked
      await sweep.restart()
    }
    await webhooks.recover(happenings.paid, [halted])
  })
})
