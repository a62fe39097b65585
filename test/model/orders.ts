import { isDeepStrictEqual } from "node:util"
import type { Answer } from "../support/service.js"
import { SYSTEM } from "./commands.js"
import { predict, type Intent, type PredictedAnswer } from "./prediction.js"
import { wordsOfWorld, type World } from "./world.js"

/** A command that ran beside others, and its answer where it has one. */
export interface Happened {
  readonly intent: Intent
  readonly answer: Answer | undefined
}

/** How many orders are told that explain nothing. */
const TOLD_ORDERS = 8

/** What one request does at once, and what it does later unless it was refused: others may come in between. */
interface Act {
  readonly intent: Intent
  readonly answer: Answer | undefined
  readonly next?: Intent
}

/**
 * Whether commands that ran at once did what they would have done in some order, one after the other.
 * @returns what is wrong; undefined where there is such an order
 */
export function explanationOf(before: World, happened: readonly Happened[], after: World): string | undefined {
  const codes = happened.map(({ answer }) => answer?.body.code)
  // Who only waits for what others do gets on: nothing here takes longer than the wait.
  if (codes.includes("operation_in_progress")) return "somebody waited in vain"
  // Who marks as paid and who opens a session can take each other's session away until both give up, half-way.
  if (codes.includes("changed_meanwhile")) {
    return happened.some(({ intent }) => intent.act === "mark") ? undefined : "somebody was overtaken again and again"
  }
  const acted = happened.filter(
    ({ intent, answer }) => intent.act !== "nothing" && answer?.body.code !== "idempotency_key_in_use",
  )
  const search = new Search(wordsOfWorld(after))
  if (search.finds(before, acted.map(toAct), [])) return undefined
  const tried = [...new Set(search.tried)]
  return `no order explains\n  ${wordsOfWorld(after).join("\n  ")}\n tried\n  ${tried.slice(0, TOLD_ORDERS).join("\n  ")}`
}

/** Tries one order after the other, each as far as its answers agree with what was answered. */
class Search {
  readonly tried: string[] = []

  constructor(private readonly after: readonly string[]) {}

  /** @param before the worlds that led here */
  finds(world: World, acts: readonly Act[], done: readonly string[], before: readonly World[] = []): boolean {
    if (acts.length === 0) return this.isReached(world, done)
    const worlds = [...before, world]
    return acts.some((act, index) => {
      const { answer: expected, world: next } = predict(world, act.intent, [])
      if (!next) return false
      const { intent, answer } = act
      const rest = expected.status === 200 && act.next ? [{ intent: act.next, answer }] : []
      if (answer && rest.length === 0 && !agrees(answer, expected)) {
        this.tried.push([...done, `${intent.act} is ${answer.status} rather than ${expected.status}`].join(", "))
        return false
      }
      const others = acts.filter((_, other) => other !== index)
      // Those that equal it may each have met it in progress: then they got its result.
      const equal = expected.status === 200 ? others.filter((other) => mayBeSame(worlds, intent, other)) : []
      return subsetsOf(equal).some((same) => {
        const left = others.filter((other) => !same.includes(other))
        const words = same.length > 0 ? `${intent.act} (${same.length + 1} at once)` : intent.act
        return this.finds(next, [...rest, ...left], [...done, words], worlds)
      })
    })
  }

  private isReached(world: World, done: readonly string[]): boolean {
    const reached = wordsOfWorld(world)
    if (isDeepStrictEqual(reached, this.after)) return true
    this.tried.push(`${done.join(", ")}: ${reached.filter((line) => !this.after.includes(line)).join("; ")}`)
    return false
  }
}

/** Whether one that came without a key may have got the result of another one. @param worlds the last is what it began in */
function mayBeSame(worlds: readonly World[], begun: Intent, { intent, answer }: Act): boolean {
  if ((begun.act !== "capture" && begun.act !== "refund") || intent.act !== begun.act || intent.keyed) return false
  if (intent.payment !== begun.payment || (answer && answer.status !== 200)) return false
  const rests = worlds.flatMap((world) => restIn(world, begun.payment, begun.act))
  const moved = begun.amount ?? rests.at(-1)
  return intent.amount === undefined ? rests.some((rest) => rest === moved) : intent.amount === moved
}

/** Nothing for a provider without a network: what it does has an outcome at once, so that nobody meets it in progress. */
function restIn({ collections }: World, paymentId: string, act: "capture" | "refund"): number[] {
  return collections
    .flatMap(({ payments }) => payments)
    .filter(({ id, provider }) => id === paymentId && provider !== SYSTEM)
    .map(({ authorized, captured, refunded }) => (act === "capture" ? authorized - captured : captured - refunded))
}

function subsetsOf<T>(list: readonly T[]): T[][] {
  return list.reduce<T[][]>((subsets, each) => [...subsets, ...subsets.map((subset) => [...subset, each])], [[]])
}

function agrees({ status, body }: Answer, expected: PredictedAnswer): boolean {
  return status === expected.status && (expected.type === undefined || body.type === expected.type)
}

/**
 * A cart is told first, and followed afterwards; the session of another provider is canceled, and then one is opened;
 * who was admitted to mark as paid goes on whatever others do.
 */
function toAct({ intent, answer }: Happened): Act {
  if (intent.act === "cart") {
    return { intent: { ...intent, act: "tell" }, answer, next: { act: "follow", cart: intent.cart } }
  }
  if (intent.act === "open") return { intent: { ...intent, act: "displace" }, answer, next: intent }
  if (intent.act === "mark") return { intent: { ...intent, act: "admit" }, answer, next: { ...intent, act: "proceed" } }
  return { intent, answer }
}
