import fc from "fast-check"
import type { TestCard } from "../../../sandbox/stripe-sandbox.js"
import {
  DASHBOARD_ACTS,
  type Act,
  type AmountChoice,
  type Currency,
  type Life,
  type ProviderName,
  type Sent,
  type Step,
  type Trouble,
} from "./acts.js"

// How lives are drawn. Of choices the first is the simplest, and what failures are shrunk to.

/** Minor units: prices, the least that Stripe takes, and less. */
const TOTALS: [number, number][] = [
  [4, 1000],
  [3, 1250],
  [2, 999],
  [1, 50],
  [1, 0],
]

const choice = <T>(...options: [weight: number, fc.Arbitrary<T>][]) =>
  fc.oneof({ withCrossShrink: true }, ...options.map(([weight, arbitrary]) => ({ weight, arbitrary })))

const weighted = <T>(...options: [weight: number, value: T][]) =>
  choice(...options.map(([weight, value]): [number, fc.Arbitrary<T>] => [weight, fc.constant(value)]))

const oncein = (times: number) => weighted([times - 1, false], [1, true])

const currency = weighted<Currency>([5, "eur"], [2, "usd"], [1, "jpy"])
const total = weighted(...TOTALS)
/** Mostly the latest. */
const nth = weighted([6, 0], [2, 1], [1, 2])
const provider = weighted<ProviderName>([6, "cards"], [3, "ideal"], [1, "system"])
const amount = weighted<AmountChoice>([4, "part"], [3, "rest"], [3, "none"], [1, "unit"])
const card = weighted<TestCard>(
  [8, "ok"],
  [2, "declined"],
  [2, "challenge"],
  [2, "asynchronous"],
  [1, "insufficient_funds"],
  [1, "bank_transfer"],
)
const sent = weighted<Sent>([6, "nothing"], [2, "return"], [2, "ok"], [1, "declined"], [1, "challenge"])

const act = choice<Act>(
  [40, fc.record({ do: fc.constant("advance"), provider, card, amount })],
  [
    7,
    fc.record({
      do: fc.constant("cart"),
      currency,
      total,
    }),
  ],
  [3, fc.record({ do: fc.constant("create") })],
  [12, fc.record({ do: fc.constant("open"), provider, sent, old: oncein(10) })],
  [7, fc.record({ do: fc.constant("authorize"), session: nth })],
  [8, fc.record({ do: fc.constantFrom("capture"), payment: nth, amount })],
  [8, fc.record({ do: fc.constantFrom("refund"), payment: nth, amount })],
  [5, fc.record({ do: fc.constant("cancel"), payment: nth })],
  [3, fc.record({ do: fc.constant("mark") })],
  [4, fc.record({ do: fc.constant("delete"), old: oncein(6) })],
  [3, fc.record({ do: fc.constant("retry"), operation: fc.nat({ max: 5 }) })],
  [14, fc.record({ do: fc.constant("pay"), intent: nth, card })],
  [5, fc.record({ do: fc.constant("challenge"), passes: weighted([3, true], [1, false]) })],
  [5, fc.record({ do: fc.constant("settle"), succeeds: weighted([3, true], [1, false]) })],
  [
    12,
    fc.record({
      do: fc.constant("dashboard"),
      whats: fc.shuffledSubarray([...DASHBOARD_ACTS], { minLength: 3 }),
      amount,
      nth,
    }),
  ],
  [2, fc.record({ do: fc.constant("dispute"), goes: fc.constantFrom("on", "won", "lost") })],
  [3, fc.record({ do: fc.constant("slow_refunds"), on: weighted([3, true], [1, false]) })],
  [5, fc.record({ do: fc.constant("refund_ends"), refund: nth, succeeds: fc.boolean() })],
  [2, fc.record({ do: fc.constant("index") })],
  [
    14,
    fc.record({ do: fc.constant("deliver"), from: fc.nat({ max: 8 }), count: fc.nat({ max: 4 }), again: oncein(4) }),
  ],
  [6, fc.record({ do: fc.constant("look") })],
)

/** Those that take time until the deadline are rare. */
const fault = weighted<Trouble["fault"]>(
  [4, "slow_before"],
  [4, "slow_after"],
  [4, "decline"],
  [5, "500_before"],
  [5, "500_after"],
  [3, "drop_before"],
  [3, "drop_after"],
  [2, "timeout_before"],
  [2, "timeout_after"],
  [2, "429"],
  [1, "401"],
  [2, "late"],
)
const trouble = fc.record({ on: weighted<Trouble["on"]>([3, "POST"], [1, "GET"]), fault })
const troubles = choice<Trouble[]>([3, fc.constant([])], [1, fc.array(trouble, { minLength: 1, maxLength: 2 })])
const acts = choice<Act[]>([3, fc.tuple(act)], [1, fc.array(act, { minLength: 2, maxLength: 4 })])
const step: fc.Arbitrary<Step> = fc.record({ acts, troubles, isTold: fc.boolean() })

const calm = (doing: Act, troubles: Trouble[] = []): Step => ({ acts: [doing], troubles, isTold: true })

/** A refused shopper whose session is given up, as it cannot follow its cart; they have its page still. */
const leftBehind: fc.Arbitrary<Step[]> = fc
  .record({ provider, currency, total })
  .map(({ provider, currency, total }) => [
    calm({ do: "create" }),
    calm({ do: "open", provider, sent: "nothing", old: false }),
    calm({ do: "pay", intent: 0, card: "declined" }),
    calm({ do: "cart", currency, total }, [{ on: "POST", fault: "decline" }]),
    calm({ do: "create" }),
  ])

/** How far a life has come when it begins: what is wrong with refunds is not found from nothing. */
const onItsWay: fc.Arbitrary<Step[]> = fc
  .record({ length: weighted([1, 0], [2, 1], [3, 2], [5, 3], [5, 4], [3, 5]), provider, card, amount })
  .map(({ length, ...about }) =>
    Array.from({ length }, () => ({ acts: [{ do: "advance" as const, ...about }], troubles: [], isTold: false })),
  )

const beginning = choice<Step[]>([6, onItsWay], [1, leftBehind])

export const lives: fc.Arbitrary<Life> = fc.noBias(
  fc.record({
    isMulticapture: fc.boolean(),
    isCustomer: oncein(4),
    steps: fc
      .tuple(beginning, fc.array(step, { minLength: 1, maxLength: 12, size: "max" }))
      .map(([first, rest]) => [...first, ...rest]),
  }),
)
