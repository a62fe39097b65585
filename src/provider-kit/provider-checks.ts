import assert from "node:assert/strict"
import type { Money } from "../common/money.js"
import type { ProviderOutcome } from "../payment-providers/contract/payment-provider.contract.js"
import {
  checkWithin,
  expectGone,
  expectOtherState,
  expectRefused,
  expectSameEnd,
  expectSucceeded,
  expectUnknown,
  expectWaiting,
  textOf,
} from "./expectations.js"
import type { ProviderHarness } from "./harness.js"
import { amountsOf, SessionDriver } from "./session-driver.js"
import { after, before, methodOf, split, STEPS } from "./steps.js"

export interface ProviderCheck {
  readonly name: string
  /** Fails with what is wrong. */
  readonly run: () => Promise<void>
  /** Whether the harness lacks what it needs; its name says so, and it checks nothing. */
  readonly isLeftOut: boolean
}

interface Check {
  readonly name: string
  readonly needs?: keyof typeof NEEDS
  readonly run: (harness: ProviderHarness) => Promise<void>
}

/** Milliseconds after which nobody waits any more. */
const SHORTLY = 50

const NEEDS = {
  "shopper.declines": ({ shopper }: ProviderHarness) => shopper?.declines,
  "shopper.isAskedForMore": ({ shopper }: ProviderHarness) => shopper?.isAskedForMore,
  "dashboard.forgets": ({ dashboard }: ProviderHarness) => dashboard?.forgets,
  "dashboard.captures": ({ dashboard }: ProviderHarness) => dashboard?.captures,
  "dashboard.cancels": ({ dashboard }: ProviderHarness) => dashboard?.cancels,
  "dashboard.refunds": ({ dashboard }: ProviderHarness) => dashboard?.refunds,
  secrets: ({ secrets }: ProviderHarness) => secrets,
  "line.losesNextAnswer": ({ network }: ProviderHarness) => network?.losesNextResponse,
  "line.ignoresNextCall": ({ network }: ProviderHarness) => network?.ignoresNextCall,
}

/**
 * What every payment provider has to hold, for any test runner:
 * `for (const check of providerChecks(harness)) it(check.name, check.run)`.
 */
export function providerChecks(harness: ProviderHarness): ProviderCheck[] {
  const exact = amountsOf(harness).map((amount) => ({
    name: `${amount.minor} minor units of ${amount.currency} stay what they are from the session to the refund`,
    run: () => paysExactly(harness, amount),
  }))
  return [...CHECKS, ...exact].map(({ name, needs, run }: Check) => {
    const isLeftOut = needs !== undefined && NEEDS[needs](harness) === undefined
    if (isLeftOut)
      return { name: `LEFT OUT (the harness has no ${needs}): ${name}`, run: () => Promise.resolve(), isLeftOut }
    return { name, run: () => run(harness), isLeftOut }
  })
}

const CHECKS: readonly Check[] = [
  {
    name: "its id is of the form pp_{identifier}_{id}",
    run: async (harness) => {
      const { id } = await harness.provider()
      assert.match(id, /^pp_[\w-]+_[\w-]+$/)
    },
  },
  {
    name: "it says what it can do",
    run: async (harness) => {
      const { multicapture, callsNetwork, clientFields } = (await harness.provider()).capabilities
      assert.ok(["boolean", "function"].includes(typeof multicapture), "capabilities.multicapture")
      assert.equal(typeof callsNetwork, "boolean", "capabilities.callsNetwork")
      if (clientFields === "any") return
      const refused = Object.keys(harness.clientData ?? {}).filter((name) => !clientFields.includes(name))
      assert.deepEqual(refused, [], "A storefront could not send this of the harness's clientData")
    },
  },
  {
    name: "a session is opened, authorized for its whole amount, and captured",
    run: async (harness) => {
      const session = await SessionDriver.captured(harness)
      const { minor } = session.amount
      await session.expectBooks({ authorized: minor, captured: minor, refunded: 0n })
    },
  },
  {
    name: "a capture in part takes that part; with multicapture the rest is captured afterwards, without it is given up",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      const [part, rest] = split(session.amount)
      await session.move("capture", part)
      await session.expectBooks({ captured: part.minor })
      if (session.hasMulticapture) {
        await session.move("capture", rest)
        await session.expectBooks({ captured: session.amount.minor })
      } else {
        expectRefused((await session.make("capture", rest)).outcome)
        await session.expectBooks({ captured: part.minor })
      }
    },
  },
  {
    name: "a refund in part gives that part back, and another one the rest",
    run: async (harness) => {
      const session = await SessionDriver.captured(harness)
      const [part, rest] = split(session.amount)
      await session.move("refund", part)
      await session.expectBooks({ captured: session.amount.minor, refunded: part.minor })
      await session.move("refund", rest)
      await session.expectBooks({ captured: session.amount.minor, refunded: session.amount.minor })
    },
  },
  {
    name: "more than there is is declined: it is a refusal, not an exception, and moves nothing",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      if (!session.provider.capabilities.callsNetwork) return
      const { minor, currency } = session.amount
      expectRefused((await session.make("capture", { minor: minor + 1n, currency })).outcome)
      await session.expectBooks({ captured: 0n })
      await session.move("capture", session.amount)
      expectRefused((await session.make("refund", { minor: minor + 1n, currency })).outcome)
      await session.expectBooks({ captured: minor, refunded: 0n })
    },
  },
  {
    name: "an update changes the amount in place",
    run: async (harness) => {
      const session = await SessionDriver.open(harness)
      const [less] = split(session.amount)
      await session.update(less)
      await session.authorize()
      await session.expectBooks({ authorized: less.minor })
    },
  },
  ...STEPS.map((step) => ({
    name: `${step}: repeated with its idempotency key it has the same outcome, and moves nothing twice`,
    run: async (harness: ProviderHarness) => {
      const { session, made, books } = await after(step, harness)
      const again = await session.repeat(made)
      expectSameEnd(await session.ended(again), await session.ended(made))
      if (again.outcome.outcome === made.outcome.outcome) assert.equal(textOf(again.outcome), textOf(made.outcome))
      await session.expectBooks(books)
    },
  })),
  ...STEPS.map((step) => ({
    name: `${step}: a lookup by its idempotency key finds how it ended, and moves nothing`,
    run: async (harness: ProviderHarness) => {
      const { session, made, books } = await after(step, harness)
      expectSameEnd(await session.settle(made), await session.ended(made))
      await session.expectBooks(books)
    },
  })),
  {
    name: "what a lookup finds of a session is all that is needed to go on with it",
    run: async (harness) => {
      const session = await SessionDriver.unopened(harness)
      const made = await session.initiate()
      session.forget()
      expectWaiting(await session.settle(made))
      await session.authorize()
      await session.move("capture", session.amount)
    },
  },
  {
    name: "a lookup of a call that never arrived says not_found",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      // An authorization moves nothing: a lookup may as well ask for it.
      for (const method of ["initiate", "capture", "cancel"] as const) {
        const { outcome } = await session.lookUp(session.prepare(method, session.amount))
        // Without a network nothing can have been lost: any definite answer will do.
        if (session.provider.capabilities.callsNetwork) assert.equal(outcome, "not_found", method)
        else assert.notEqual(outcome, "unknown", method)
      }
    },
  },
  {
    name: "a capture that arrives twice at once with one idempotency key moves once",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      const [part] = split(session.amount)
      const capture = session.prepare("capture", part)
      const both = await Promise.all([session.send(capture), session.send(capture)])
      const refused = both.filter(({ outcome }) => outcome.outcome === "declined")
      assert.equal(refused.length, 0, "One that is still under way is unknown or pending, and not declined")
      expectSucceeded(await session.ended(await session.repeat(capture)), part)
      await session.expectBooks({ captured: part.minor })
    },
  },
  {
    name: "an open session is canceled, and cannot be authorized any more",
    run: async (harness) => {
      const session = await SessionDriver.open(harness)
      await session.move("cancel", session.amount)
      await session.expectBooks({ authorized: 0n })
      if (!session.provider.capabilities.callsNetwork) return
      expectRefused((await session.make("authorize", session.amount)).outcome)
      await session.expectBooks({ authorized: 0n })
    },
  },
  {
    name: "an authorization is canceled, and cannot be captured any more",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      await session.move("cancel", session.amount)
      if (!session.provider.capabilities.callsNetwork) return
      expectRefused((await session.make("capture", session.amount)).outcome)
      await session.expectBooks({ captured: 0n })
    },
  },
  {
    name: "with multicapture, what is left after a capture in part is canceled, and what was captured is refunded",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      if (!session.hasMulticapture) return
      const [part, rest] = split(session.amount)
      await session.move("capture", part)
      await session.move("cancel", rest)
      await session.move("refund", part)
      await session.expectBooks({ captured: part.minor, refunded: part.minor })
    },
  },
  {
    name: "no outcome reports more than was asked for",
    run: async (harness) => {
      const session = await SessionDriver.open(harness)
      await harness.shopper?.authorizes?.(session)
      const [part] = split(session.amount)
      const [less] = split(part)
      for (const [method, amount] of [
        ["authorize", session.amount],
        ["capture", part],
        ["refund", less],
      ] as const) {
        const end = await session.ended(await session.make(method, amount))
        assert.ok(end.outcome === "succeeded", `${method}: ${textOf(end)}`)
        checkWithin(end.amount, amount)
      }
    },
  },
  // Nothing was opened yet at the first step, so nothing can be gone.
  ...STEPS.filter((step) => step !== "initiate").map((step) => ({
    name: `${step}: of a payment that the provider does not know it says gone, and so do a lookup and inspect`,
    needs: "dashboard.forgets" as const,
    run: async (harness: ProviderHarness) => {
      const session = await before(step, harness)
      await harness.dashboard?.forgets?.(session)
      const made = await session.make(methodOf(step), split(session.amount)[0])
      expectGone(made.outcome)
      expectGone(await session.lookUp(made))
      if (session.provider.inspect) assert.deepEqual(await session.inspect().then(outcomeIn), "gone", "inspect")
    },
  })),
  ...(["capture", "cancel"] as const).map((method) => ({
    name: `${method}: after a capture in the dashboard it is declined for another state, which inspect reports`,
    needs: "dashboard.captures" as const,
    run: async (harness: ProviderHarness) => {
      const session = await SessionDriver.authorized(harness)
      await harness.dashboard?.captures?.(session)
      expectOtherState(await session.ended(await session.make(method, session.amount)))
      const { authorization } = await session.state()
      assert.ok(authorization.status === "authorized", "inspect reports that the payment is authorized")
      assert.equal(authorization.captured.minor, session.amount.minor, "inspect reports what was captured")
    },
  })),
  {
    name: "capture: after a cancellation in the dashboard it is declined for another state, which inspect reports",
    needs: "dashboard.cancels",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      await harness.dashboard?.cancels?.(session)
      expectOtherState(await session.ended(await session.make("capture", session.amount)))
      const { authorization, isClosed } = await session.state()
      assert.equal(authorization.status, "canceled", "inspect reports that the payment is canceled")
      assert.equal(isClosed, true, "inspect reports that nothing more can be captured")
    },
  },
  {
    name: "refund: after a refund in the dashboard it is declined for another state, which inspect reports",
    needs: "dashboard.refunds",
    run: async (harness) => {
      const session = await SessionDriver.captured(harness)
      await harness.dashboard?.refunds?.(session)
      expectOtherState(await session.ended(await session.make("refund", session.amount)))
      const { refunds } = await session.state()
      const refunded = refunds.reduce((sum, { amount }) => sum + amount.minor, 0n)
      assert.equal(refunded, session.amount.minor, "inspect reports what was refunded")
    },
  },
  {
    name: "a decline is an outcome, with a message for the shopper",
    needs: "shopper.declines",
    run: async (harness) => {
      const session = await SessionDriver.open(harness)
      await harness.shopper?.declines?.(session)
      const made = await session.make("authorize", session.amount)
      const end = await session.ended(made)
      expectRefused(end)
      const inside = [session.id, made.call.idempotencyKey, ...(harness.secrets?.(session.privateData) ?? [])]
      for (const word of inside)
        assert.ok(!textOf(end).includes(word), "A message for shoppers has nothing internal in it")
      await session.expectBooks({ authorized: 0n })
    },
  },
  {
    name: "when the shopper has to do more, data say what; afterwards the session is authorized",
    needs: "shopper.isAskedForMore",
    run: async (harness) => {
      const session = await SessionDriver.open(harness)
      await harness.shopper?.isAskedForMore?.(session)
      const { outcome } = await session.make("authorize", session.amount)
      assert.equal(outcome.outcome, "requires_more", textOf(outcome))
      assert.notDeepEqual(Object.keys(session.data), [], "data says what the shopper has to do")
      await session.authorize()
      await session.expectBooks({ authorized: session.amount.minor })
    },
  },
  {
    name: "what is private stays out of data and of messages",
    needs: "secrets",
    run: async (harness) => {
      const session = await SessionDriver.open(harness)
      await session.update(split(session.amount)[0])
      await session.authorize()
      await session.move("capture", session.amount)
      await session.move("refund", session.amount)
      // Refusals by the provider speak, too.
      await session.make("capture", session.amount)
      const shown = session.outcomes.map((outcome) => textOf({ ...outcome, privateData: undefined } as ProviderOutcome))
      for (const secret of harness.secrets?.(session.privateData) ?? []) {
        assert.ok(!shown.some((text) => text.includes(secret)), "A secret is in what the provider leaves for everyone")
      }
    },
  },
  {
    name: "a call that nobody waits for any more ends soon",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      await session.endOf(session.prepare("capture", session.amount, AbortSignal.abort()))
    },
  },
  {
    name: "a call that is not answered ends soon after its signal, and is not taken for a refusal",
    needs: "line.ignoresNextCall",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      const capture = session.prepare("capture", session.amount, AbortSignal.timeout(SHORTLY))
      await harness.network?.ignoresNextCall?.("capture")
      expectUnknown(await session.endOf(capture))
      expectSucceeded(await session.ended(await session.repeat(capture)), session.amount)
      await session.expectBooks({ captured: session.amount.minor })
    },
  },
  {
    name: "a capture whose answer is lost is unknown; a lookup finds it, and a repeat moves nothing",
    needs: "line.losesNextAnswer",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      const [part] = split(session.amount)
      const capture = session.prepare("capture", part)
      await harness.network?.losesNextResponse?.("capture")
      expectUnknown(await session.endOf(capture))
      assert.notEqual((await session.lookUp(capture)).outcome, "not_found")
      expectSucceeded(await session.ended(await session.repeat(capture)), part)
      await session.expectBooks({ captured: part.minor })
    },
  },
]

function outcomeIn(state: object): unknown {
  return "outcome" in state ? state.outcome : undefined
}

async function paysExactly(harness: ProviderHarness, amount: Money): Promise<void> {
  const session = await SessionDriver.captured(harness, amount)
  await session.expectBooks({ authorized: amount.minor, captured: amount.minor })
  await session.move("refund", amount)
  await session.expectBooks({ refunded: amount.minor })
}
