import type { Money } from "../common/money.js"
import type { ProviderRecords, ProviderHarness } from "./harness.js"
import { SessionDriver, type Made, type Method } from "./session-driver.js"

/** The calls of a provider, in their usual order. */
export const STEPS = [
  "initiate",
  "update",
  "authorize",
  "cancel_session",
  "capture",
  "refund",
  "cancel_payment",
] as const
export type Step = (typeof STEPS)[number]

/** Prepares a session for each step. */
const STARTS: Record<Step, (harness: ProviderHarness) => Promise<SessionDriver>> = {
  initiate: (harness) => SessionDriver.unopened(harness),
  update: (harness) => SessionDriver.open(harness),
  authorize: (harness) => SessionDriver.open(harness),
  cancel_session: (harness) => SessionDriver.open(harness),
  capture: (harness) => SessionDriver.authorized(harness),
  refund: (harness) => SessionDriver.captured(harness),
  cancel_payment: (harness) => SessionDriver.authorized(harness),
}

/** Creates a session that is ready for the step. */
export function before(step: Step, harness: ProviderHarness): Promise<SessionDriver> {
  return STARTS[step](harness)
}

/** The provider's method for a step. */
export function methodOf(step: Step): Method {
  return step === "cancel_session" || step === "cancel_payment" ? "cancel" : step
}

/** Takes a session through a step, and returns what the provider's records then have to contain. */
export async function after(
  step: Step,
  harness: ProviderHarness,
): Promise<{ session: SessionDriver; made: Made; records: Partial<ProviderRecords> }> {
  const session = await STARTS[step](harness)
  const { minor } = session.amount
  const [part] = split(session.amount)
  switch (step) {
    case "initiate":
      return { session, made: await session.initiate(), records: { authorized: 0n } }
    case "update":
      return { session, made: await session.update(part), records: { authorized: 0n } }
    case "authorize":
      return { session, made: await session.authorize(), records: { authorized: minor } }
    case "capture":
      return { session, made: await session.move("capture", part), records: { captured: part.minor } }
    case "refund":
      return { session, made: await session.move("refund", part), records: { captured: minor, refunded: part.minor } }
    case "cancel_session":
    case "cancel_payment":
      return { session, made: await session.move("cancel", session.amount), records: { captured: 0n } }
  }
}

/** Splits an amount into about a third and the rest, in whole tens: some services require that for three decimals. */
export function split({ minor, currency }: Money): [part: Money, rest: Money] {
  const part = (minor / 30n) * 10n
  return [
    { minor: part, currency },
    { minor: minor - part, currency },
  ]
}
