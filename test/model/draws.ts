import fc from "fast-check"
import {
  PROVIDERS,
  SYSTEM,
  type Action,
  type AmountChoice,
  type Command,
  type Currency,
  type Provider,
  type Step,
} from "./commands.js"
import { FAULTS, isHarmless, type Fault } from "./faults.js"

// How sequences are drawn. Of choices the first is the simplest, and what failures are shrunk to.

/** Minor units: prices, next to nothing, and nothing. */
const TOTALS: [number, number][] = [
  [4, 1000],
  [4, 1250],
  [2, 2000],
  [4, 999],
  [1, 2],
  [1, 1],
  [2, 0],
]

const choice = <T>(...options: [weight: number, fc.Arbitrary<T>][]) =>
  fc.oneof({ withCrossShrink: true }, ...options.map(([weight, arbitrary]) => ({ weight, arbitrary })))

const weighted = <T>(...options: [weight: number, value: T][]) =>
  choice(...options.map(([weight, value]): [number, fc.Arbitrary<T>] => [weight, fc.constant(value)]))

/** Once in so many times. */
const oncein = (times: number) => weighted([times - 1, false], [1, true])

const cart = weighted([9, 0], [1, 1])
const old = oncein(12)
const provider = weighted<Provider>([6, "pp_fake_default"], [1, SYSTEM], [3, "pp_fake_single"])
const amount = weighted<AmountChoice>([4, "part"], [3, "rest"], [3, "none"], [1, "too_much"], [2, "unit"])
const payment = weighted([6, 0], [2, 1], [1, 2])

const action = choice<Action>(
  [45, fc.record({ do: fc.constant("advance"), cart, provider, amount })],
  [
    7,
    fc.record({
      do: fc.constant("cart"),
      cart,
      currency: weighted<Currency>([6, "eur"], [2, "usd"], [1, "jpy"], [1, "kwd"]),
      total: weighted(...TOTALS),
    }),
  ],
  [5, fc.record({ do: fc.constant("create"), cart })],
  [10, fc.record({ do: fc.constant("open"), cart, provider, note: fc.nat({ max: 1 }), old })],
  [
    10,
    fc.record({
      do: fc.constant("authorize"),
      cart,
      which: weighted<"current" | "gone">([9, "current"], [1, "gone"]),
      old,
    }),
  ],
  [10, fc.record({ do: fc.constantFrom("capture"), cart, payment, amount })],
  [8, fc.record({ do: fc.constantFrom("refund"), cart, payment, amount })],
  [5, fc.record({ do: fc.constant("cancel"), cart, payment })],
  [5, fc.record({ do: fc.constant("mark"), cart, provider: fc.constantFrom(...PROVIDERS), old })],
  [4, fc.record({ do: fc.constant("delete"), cart, old })],
  [2, fc.record({ do: fc.constant("read"), cart, old })],
  [3, fc.record({ do: fc.constant("retry"), operation: fc.nat({ max: 5 }) })],
  [8, fc.record({ do: fc.constant("reconcile"), twice: fc.boolean() })],
  [4, fc.record({ do: fc.constant("finish"), end: weighted<"succeed" | "decline">([2, "succeed"], [1, "decline"]) })],
  [7, fc.record({ do: fc.constant("repeat"), request: fc.nat({ max: 2 }) })],
)

/** Those that come to nothing are rare, and those that take time until the deadline. */
const WEIGHTS: Partial<Record<Fault, number>> = {
  fail_before: 9,
  fail_after: 9,
  pending_async: 9,
  decline: 9,
  refuse: 9,
  report_less: 6,
  hang_after: 1,
  come_late: 1,
}

const fault = weighted(...FAULTS.map((name): [number, Fault] => [WEIGHTS[name] ?? 4, name]))
const faults = choice<Fault[]>([1, fc.constant([])], [3, fc.array(fault, { minLength: 1, maxLength: 3 })])
const command: fc.Arbitrary<Command> = fc.record({ action, faults, keyed: oncein(3) })

/** What is sent twice is a request. */
const POSTED = ["advance", "create", "open", "authorize", "capture", "refund", "cancel", "mark"]

/** Beside each other, half of the steps have nothing worse than slow banks: then one knows what has to come of them. */
const step: fc.Arbitrary<Step> = fc
  .record({
    first: command,
    others: choice<Command[]>([13, fc.constant([])], [7, fc.array(command, { minLength: 1, maxLength: 3 })]),
    isCalm: fc.boolean(),
    isDoubled: oncein(20),
  })
  .map(({ first, others, isCalm, isDoubled }) => {
    if (isDoubled && POSTED.includes(first.action.do)) return { commands: [calm({ ...first, keyed: true })], isDoubled }
    const commands = [first, ...others]
    return { commands: isCalm && others.length > 0 ? commands.map(calm) : commands, isDoubled: false }
  })

function calm({ faults, ...command }: Command): Command {
  return { ...command, faults: faults.map((fault) => (isHarmless(fault) ? fault : "slow_before")) }
}

/** How far the first cart is when a sequence begins: what is wrong with refunds is not found from nothing. */
const beginning: fc.Arbitrary<Step[]> = fc
  .record({
    length: weighted([1, 0], [4, 1], [5, 2], [7, 3], [4, 4], [2, 5]),
    provider,
    second: provider,
    isSplit: oncein(5),
  })
  .map(({ length, provider, second, isSplit }) => {
    // Where the bank gives less than was asked for, another session is to pay the rest.
    const rest = isSplit ? [plain({ do: "open", cart: 0, provider: second, note: 0, old: false })] : []
    return [
      plain({ do: "create", cart: 0 }),
      plain({ do: "open", cart: 0, provider, note: 0, old: false }),
      plain({ do: "authorize", cart: 0, which: "current", old: false }, isSplit ? "report_less" : undefined),
      plain({ do: "capture", cart: 0, payment: 0, amount: "part" }),
      ...rest,
    ].slice(0, length)
  })

function plain(action: Action, fault?: Fault): Step {
  return { commands: [{ action, faults: fault ? [fault] : [], keyed: false }], isDoubled: false }
}

/** Sequences of steps; every length, and every choice as often as it says above. */
export const sequences: fc.Arbitrary<Step[]> = fc.noBias(
  fc
    .tuple(beginning, fc.array(step, { minLength: 1, maxLength: 10, size: "max" }))
    .map(([first, rest]) => [...first, ...rest]),
)
