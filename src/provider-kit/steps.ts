import type { Money } from "../common/money.js"
import type { ProviderRecords, ProviderHarness } from "./harness.js"
import { SessionDriver, type Made, type Method } from "./session-driver.js"

/** What is asked of a provider, one after the other. */
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

/** Where a session stands before each step. */
const STARTS: Record<Step, (harness: ProviderHarness) => Promise<SessionDriver>> = {
  initiate: (harness) => SessionDriver.unopened(harness),
  update: (harness) => SessionDriver.open(harness),
  authorize: (harness) => SessionDriver.open(harness),
  cancel_session: (harness) => SessionDriver.open(harness),
  capture: (harness) => SessionDriver.authorized(harness),
  refund: (harness) => SessionDriver.captured(harness),
  cancel_payment: (harness) => SessionDriver.authorized(harness),
}

/** A session that stands where the step can be made. */
export function before(step: Step, harness: ProviderHarness): Promise<SessionDriver> {
  return STARTS[step](harness)
}

/** The provider's method for a step. */
export function methodOf(step: Step): Method {
  return step === "cancel_session" || step === "cancel_payment" ? "cancel" : step
}

/** Plays a session up to a step, and gives what the provider's books have to say then. */
export async function after(
  step: Step,
  harness: ProviderHarness,
): Promise<{ session: SessionDriver; made: Made; books: Partial<ProviderRecords> }> {
  const session = await STARTS[step](harness)
  const { minor } = session.amount
  const [part] = split(session.amount)
  switch (step) {
    case "initiate":
      return { session, made: await session.initiate(), books: { authorized: 0n } }
    case "update":
      return { session, made: await session.update(part), books: { authorized: 0n } }
    case "authorize":
      return { session, made: await session.authorize(), books: { authorized: minor } }
    case "capture":
      return { session, made: await session.move("capture", part), books: { captured: part.minor } }
    case "refund":
      return { session, made: await session.move("refund", part), books: { captured: minor, refunded: part.minor } }
    case "cancel_session":
    case "cancel_payment":
      return { session, made: await session.move("cancel", session.amount), books: { captured: 0n } }
  }
}

/** About a third, and the rest, in whole tens: some services want that of currencies with three decimals. */
export function split({ minor, currency }: Money): [part: Money, rest: Money] {
  const part = (minor / 30n) * 10n
  return [
    { minor: part, currency },
    { minor: minor - part, currency },
  ]
}
