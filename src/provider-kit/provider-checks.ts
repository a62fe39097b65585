import assert from "node:assert/strict"
import type { Money } from "../common/money.js"
import type { ProviderOutcome } from "../payment-providers/contract/index.js"
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
  /** Rejects with what is wrong. */
  readonly run: () => Promise<void>
  /** Whether the harness lacks a part that the check needs. Then the name says so, and `run` checks nothing. */
  readonly isLeftOut: boolean
}

interface Check {
  readonly name: string
  readonly needs?: keyof typeof NEEDS
  readonly run: (harness: ProviderHarness) => Promise<void>
}

/** Milliseconds until the signal of a call without a response is aborted. */
const SHORTLY = 50

const NEEDS = {
  "shopper.declines": ({ shopper }: ProviderHarness) => shopper?.declines,
  "shopper.isAskedForMore": ({ shopper }: ProviderHarness) => shopper?.isAskedForMore,
  "dashboard.forgets": ({ dashboard }: ProviderHarness) => dashboard?.forgets,
  "dashboard.captures": ({ dashboard }: ProviderHarness) => dashboard?.captures,
  "dashboard.cancels": ({ dashboard }: ProviderHarness) => dashboard?.cancels,
  "dashboard.refunds": ({ dashboard }: ProviderHarness) => dashboard?.refunds,
  secrets: ({ secrets }: ProviderHarness) => secrets,
  "network.losesNextResponse": ({ network }: ProviderHarness) => network?.losesNextResponse,
  "network.ignoresNextCall": ({ network }: ProviderHarness) => network?.ignoresNextCall,
}

/**
 * Creates the checks that every payment provider has to pass, for any test runner:
 * `for (const check of providerChecks(harness)) it(check.name, check.run)`.
 */
export function providerChecks(harness: ProviderHarness): ProviderCheck[] {
  const exact = amountsOf(harness).map((amount) => ({
    name: `${amount.minor} minor units of ${amount.currency} stay exact from the session to the refund`,
    run: () => checkExactAmounts(harness, amount),
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
    name: "has an id of the form pp_{identifier}_{id}",
    run: async (harness) => {
      const { id } = await harness.provider()
      assert.match(id, /^pp_[\w-]+_[\w-]+$/)
    },
  },
  {
    name: "declares its capabilities",
    run: async (harness) => {
      const { multicapture, callsNetwork, clientFields } = (await harness.provider()).capabilities
      assert.ok(["boolean", "function"].includes(typeof multicapture), "capabilities.multicapture")
      assert.equal(typeof callsNetwork, "boolean", "capabilities.callsNetwork")
      if (clientFields === "any") return
      const refused = Object.keys(harness.clientData ?? {}).filter((name) => !clientFields.includes(name))
      assert.deepEqual(refused, [], "capabilities.clientFields lacks these names of the harness's clientData")
    },
  },
  {
    name: "opens a session, authorizes its whole amount and captures it",
    run: async (harness) => {
      const session = await SessionDriver.captured(harness)
      const { minor } = session.amount
      await session.expectRecords({ authorized: minor, captured: minor, refunded: 0n })
    },
  },
  {
    name: "captures a part; with multicapture the rest can be captured afterwards, without it the rest is released",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      const [part, rest] = split(session.amount)
      await session.move("capture", part)
      await session.expectRecords({ captured: part.minor })
      if (session.hasMulticapture) {
        await session.move("capture", rest)
        await session.expectRecords({ captured: session.amount.minor })
      } else {
        expectRefused((await session.make("capture", rest)).outcome)
        await session.expectRecords({ captured: part.minor })
      }
    },
  },
  {
    name: "refunds a part, and then the rest",
    run: async (harness) => {
      const session = await SessionDriver.captured(harness)
      const [part, rest] = split(session.amount)
      await session.move("refund", part)
      await session.expectRecords({ captured: session.amount.minor, refunded: part.minor })
      await session.move("refund", rest)
      await session.expectRecords({ captured: session.amount.minor, refunded: session.amount.minor })
    },
  },
  {
    name: "declines a capture or refund above the available amount, without an exception, and moves nothing",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      if (!session.provider.capabilities.callsNetwork) return
      const { minor, currency } = session.amount
      expectRefused((await session.make("capture", { minor: minor + 1n, currency })).outcome)
      await session.expectRecords({ captured: 0n })
      await session.move("capture", session.amount)
      expectRefused((await session.make("refund", { minor: minor + 1n, currency })).outcome)
      await session.expectRecords({ captured: minor, refunded: 0n })
    },
  },
  {
    name: "changes the amount of an open session by an update",
    run: async (harness) => {
      const session = await SessionDriver.open(harness)
      const [less] = split(session.amount)
      await session.update(less)
      await session.authorize()
      await session.expectRecords({ authorized: less.minor })
    },
  },
  ...STEPS.map((step) => ({
    name: `${step}: a repeat with the same idempotency key has the same outcome and moves nothing twice`,
    run: async (harness: ProviderHarness) => {
      const { session, made, records } = await after(step, harness)
      const again = await session.repeat(made)
      expectSameEnd(await session.ended(again), await session.ended(made))
      if (again.outcome.outcome === made.outcome.outcome) assert.equal(textOf(again.outcome), textOf(made.outcome))
      await session.expectRecords(records)
    },
  })),
  ...STEPS.map((step) => ({
    name: `${step}: a lookup by the idempotency key finds the outcome and moves nothing`,
    run: async (harness: ProviderHarness) => {
      const { session, made, records } = await after(step, harness)
      expectSameEnd(await session.resolve(made), await session.ended(made))
      await session.expectRecords(records)
    },
  })),
  {
    name: "returns by a lookup of a session all data that the session needs to continue",
    run: async (harness) => {
      const session = await SessionDriver.unopened(harness)
      const made = await session.initiate()
      session.forget()
      expectWaiting(await session.resolve(made))
      await session.authorize()
      await session.move("capture", session.amount)
    },
  },
  {
    name: "returns not_found by a lookup of a call that never arrived",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      // An authorization moves nothing, so a lookup may authorize.
      for (const method of ["initiate", "capture", "cancel"] as const) {
        const { outcome } = await session.lookUp(session.prepare(method, session.amount))
        // Without a network no call can be lost, so any definite outcome is right.
        if (session.provider.capabilities.callsNetwork) assert.equal(outcome, "not_found", method)
        else assert.notEqual(outcome, "unknown", method)
      }
    },
  },
  {
    name: "moves the money once if a capture arrives twice at the same time with one idempotency key",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      const [part] = split(session.amount)
      const capture = session.prepare("capture", part)
      const both = await Promise.all([session.send(capture), session.send(capture)])
      const refused = both.filter(({ outcome }) => outcome.outcome === "declined")
      assert.equal(refused.length, 0, "A call that is still in progress is unknown or pending, and not declined")
      expectSucceeded(await session.ended(await session.repeat(capture)), part)
      await session.expectRecords({ captured: part.minor })
    },
  },
  {
    name: "cancels an open session, which can then not be authorized",
    run: async (harness) => {
      const session = await SessionDriver.open(harness)
      await session.move("cancel", session.amount)
      await session.expectRecords({ authorized: 0n })
      if (!session.provider.capabilities.callsNetwork) return
      expectRefused((await session.make("authorize", session.amount)).outcome)
      await session.expectRecords({ authorized: 0n })
    },
  },
  {
    name: "cancels an authorization, which can then not be captured",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      await session.move("cancel", session.amount)
      if (!session.provider.capabilities.callsNetwork) return
      expectRefused((await session.make("capture", session.amount)).outcome)
      await session.expectRecords({ captured: 0n })
    },
  },
  {
    name: "with multicapture, cancels the rest after a partial capture and refunds the captured part",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      if (!session.hasMulticapture) return
      const [part, rest] = split(session.amount)
      await session.move("capture", part)
      await session.move("cancel", rest)
      await session.move("refund", part)
      await session.expectRecords({ captured: part.minor, refunded: part.minor })
    },
  },
  {
    name: "reports no more than was requested",
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
  // Nothing exists yet before the first step, so nothing can be gone.
  ...STEPS.filter((step) => step !== "initiate").map((step) => ({
    name: `${step}: returns gone for a payment that the provider does not know, and so do a lookup and inspect`,
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
    name: `${method}: is declined with stateDiffers after a capture in the dashboard, and inspect reports the state`,
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
    name: "capture: is declined with stateDiffers after a cancellation in the dashboard, and inspect reports the state",
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
    name: "refund: is declined with stateDiffers after a refund in the dashboard, and inspect reports the state",
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
    name: "returns a decline as an outcome, with a message for the shopper",
    needs: "shopper.declines",
    run: async (harness) => {
      const session = await SessionDriver.open(harness)
      await harness.shopper?.declines?.(session)
      const made = await session.make("authorize", session.amount)
      const end = await session.ended(made)
      expectRefused(end)
      const internal = [session.id, made.call.idempotencyKey, ...(harness.secrets?.(session.privateData) ?? [])]
      for (const word of internal)
        assert.ok(!textOf(end).includes(word), "A message for shoppers contains nothing internal")
      await session.expectRecords({ authorized: 0n })
    },
  },
  {
    name: "describes in data what the shopper has to do next, and authorizes the session afterwards",
    needs: "shopper.isAskedForMore",
    run: async (harness) => {
      const session = await SessionDriver.open(harness)
      await harness.shopper?.isAskedForMore?.(session)
      const { outcome } = await session.make("authorize", session.amount)
      assert.equal(outcome.outcome, "requires_more", textOf(outcome))
      assert.notDeepEqual(Object.keys(session.data), [], "data describes what the shopper has to do")
      await session.authorize()
      await session.expectRecords({ authorized: session.amount.minor })
    },
  },
  {
    name: "keeps private data out of data and messages",
    needs: "secrets",
    run: async (harness) => {
      const session = await SessionDriver.open(harness)
      await session.update(split(session.amount)[0])
      await session.authorize()
      await session.move("capture", session.amount)
      await session.move("refund", session.amount)
      // A refusal has a message, which must not contain a secret either.
      await session.make("capture", session.amount)
      const shown = session.outcomes.map((outcome) => textOf({ ...outcome, privateData: undefined } as ProviderOutcome))
      for (const secret of harness.secrets?.(session.privateData) ?? []) {
        assert.ok(!shown.some((text) => text.includes(secret)), "A secret is in the data or message of an outcome")
      }
    },
  },
  {
    name: "ends a call soon whose signal is aborted",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      await session.endOf(session.prepare("capture", session.amount, AbortSignal.abort()))
    },
  },
  {
    name: "returns unknown, not declined, soon after the signal if the provider's service does not respond",
    needs: "network.ignoresNextCall",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      const capture = session.prepare("capture", session.amount, AbortSignal.timeout(SHORTLY))
      await harness.network?.ignoresNextCall?.("capture")
      expectUnknown(await session.endOf(capture))
      expectSucceeded(await session.ended(await session.repeat(capture)), session.amount)
      await session.expectRecords({ captured: session.amount.minor })
    },
  },
  {
    name: "returns unknown for a capture whose response is lost; a lookup finds it, and a repeat moves nothing",
    needs: "network.losesNextResponse",
    run: async (harness) => {
      const session = await SessionDriver.authorized(harness)
      const [part] = split(session.amount)
      const capture = session.prepare("capture", part)
      await harness.network?.losesNextResponse?.("capture")
      expectUnknown(await session.endOf(capture))
      assert.notEqual((await session.lookUp(capture)).outcome, "not_found")
      expectSucceeded(await session.ended(await session.repeat(capture)), part)
      await session.expectRecords({ captured: part.minor })
    },
  },
]

function outcomeIn(state: object): unknown {
  return "outcome" in state ? state.outcome : undefined
}

async function checkExactAmounts(harness: ProviderHarness, amount: Money): Promise<void> {
  const session = await SessionDriver.captured(harness, amount)
  await session.expectRecords({ authorized: amount.minor, captured: amount.minor })
  await session.move("refund", amount)
  await session.expectRecords({ refunded: amount.minor })
}
