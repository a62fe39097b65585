import { describe, expect, it } from "@jest/globals"
import { getMetadataArgsStorage } from "typeorm"
import { PaymentOperation } from "./entities/payment-operation.entity.js"
import { PaymentSession } from "./entities/payment-session.entity.js"
import {
  COLLECTION_STATUSES,
  mayMove,
  MOVEMENT_STATUSES,
  OPEN_SESSION_STATUSES,
  OPERATION_KINDS,
  OPERATION_STATES,
  OPERATION_TRANSITIONS,
  SESSION_OPERATION_KINDS,
  SESSION_STATUSES,
  SESSION_TRANSITIONS,
  sqlList,
  UNRESOLVED_STATES,
  type OperationState,
  type SessionStatus,
} from "./status.js"

const OPEN: readonly SessionStatus[] = OPEN_SESSION_STATUSES
const UNSETTLED: readonly OperationState[] = UNRESOLVED_STATES

/** Where something can get to, in any number of moves. */
function reach<S extends string>(table: Readonly<Record<S, readonly S[]>>, from: S): Set<S> {
  const seen = new Set<S>()
  const visit = (state: S) => {
    for (const next of table[state]) {
      if (seen.has(next)) continue
      seen.add(next)
      visit(next)
    }
  }
  visit(from)
  return seen
}

describe("the words", () => {
  it.each<[string, readonly string[]]>([
    ["collections", COLLECTION_STATUSES],
    ["sessions", SESSION_STATUSES],
    ["captures and refunds", MOVEMENT_STATUSES],
    ["operations", OPERATION_STATES],
    ["kinds of operations", OPERATION_KINDS],
  ])("for %s each stand once", (_, words) => {
    expect(new Set(words).size).toBe(words.length)
  })

  it("for a part of them are among all of them", () => {
    expect(SESSION_STATUSES).toEqual(expect.arrayContaining([...OPEN_SESSION_STATUSES]))
    expect(OPERATION_STATES).toEqual(expect.arrayContaining([...UNRESOLVED_STATES]))
    expect(OPERATION_KINDS).toEqual(expect.arrayContaining([...SESSION_OPERATION_KINDS]))
  })
})

describe.each([
  ["session", SESSION_STATUSES, SESSION_TRANSITIONS],
  ["operation", OPERATION_STATES, OPERATION_TRANSITIONS],
])("the moves of a %s", (_, states: readonly string[], table: Readonly<Record<string, readonly string[]>>) => {
  it("are told of every state, and lead to known states", () => {
    expect(Object.keys(table).sort()).toEqual([...states].sort())
    expect(states).toEqual(expect.arrayContaining(Object.values(table).flat()))
  })

  it("do not name staying, which is possible until the end is reached", () => {
    for (const state of states) {
      expect(table[state]).not.toContain(state)
      expect(mayMove(table, state, state)).toBe(reach(table, state).size > 0)
    }
  })

  it("are those of the table, and no others", () => {
    for (const from of states) {
      const others = states.filter((state) => state !== from)
      expect(others.filter((to) => mayMove(table, from, to))).toEqual(others.filter((to) => table[from]?.includes(to)))
    }
  })
})

describe("a session", () => {
  it.each(OPEN)("that is %s can still be authorized, fail and be canceled", (status) => {
    const ends = [...reach(SESSION_TRANSITIONS, status)]
    expect(ends).toEqual(expect.arrayContaining(["authorized", "canceled"]))
    expect(mayMove(SESSION_TRANSITIONS, status, "authorized")).toBe(true)
    expect(mayMove(SESSION_TRANSITIONS, status, "canceled")).toBe(true)
    expect(mayMove(SESSION_TRANSITIONS, status, "error")).toBe(true)
  })

  it.each(SESSION_STATUSES.filter((status) => !OPEN.includes(status)))("that is %s never opens again", (status) => {
    expect([...reach(SESSION_TRANSITIONS, status)].filter((next) => OPEN.includes(next))).toEqual([])
  })

  it.each(["canceled", "captured"] as const)("that is %s is at its end: it is not even told so again", (status) => {
    expect(SESSION_STATUSES.filter((next) => mayMove(SESSION_TRANSITIONS, status, next))).toEqual([])
  })

  it.each([...OPEN, "authorized" as const])("that is %s may stay so", (status) => {
    expect(mayMove(SESSION_TRANSITIONS, status, status)).toBe(true)
  })

  it("that is authorized is captured or given up, and nothing else", () => {
    expect(SESSION_STATUSES.filter((next) => mayMove(SESSION_TRANSITIONS, "authorized", next))).toEqual([
      "authorized",
      "captured",
      "canceled",
    ])
  })

  it("is open by the same words in the index that lets a collection have one", () => {
    const index = getMetadataArgsStorage().indices.find(({ name }) => name === "payment_session_open")
    expect(index).toMatchObject({ target: PaymentSession, unique: true })
    expect(index?.where).toBe(`deleted_at IS NULL AND status IN (${sqlList(OPEN_SESSION_STATUSES)})`)
  })
})

describe("a call to a provider", () => {
  it.each(OPERATION_STATES.filter((state) => !UNSETTLED.includes(state)))(
    "that is %s is settled once: it never moves again, nor is it settled so twice",
    (state) => {
      expect(OPERATION_STATES.filter((next) => mayMove(OPERATION_TRANSITIONS, state, next))).toEqual([])
    },
  )

  it.each(UNSETTLED)("that is %s may stay so, however often it is asked about", (state) => {
    expect(mayMove(OPERATION_TRANSITIONS, state, state)).toBe(true)
  })

  it.each(UNSETTLED)("that is %s can be settled either way", (state) => {
    expect(mayMove(OPERATION_TRANSITIONS, state, "succeeded")).toBe(true)
    expect(mayMove(OPERATION_TRANSITIONS, state, "declined")).toBe(true)
  })

  it("whose answer stayed out is not taken for one that has just begun", () => {
    expect(mayMove(OPERATION_TRANSITIONS, "pending", "unknown")).toBe(true)
    expect(mayMove(OPERATION_TRANSITIONS, "unknown", "pending")).toBe(false)
  })

  it("is one at a time on a session, and one cancellation at a time on a payment, while it is unsettled", () => {
    const unsettled = `state IN (${sqlList(UNRESOLVED_STATES)})`
    const uniques = getMetadataArgsStorage().indices.filter(
      ({ target, unique }) => target === PaymentOperation && unique === true,
    )
    expect(uniques.map(({ name, where }) => [name, where])).toEqual(
      expect.arrayContaining([
        ["payment_operation_one_per_session", `${unsettled} AND kind IN (${sqlList(SESSION_OPERATION_KINDS)})`],
        ["payment_operation_one_cancel", `${unsettled} AND kind = 'cancel_payment'`],
      ]),
    )
  })
})

describe("a list as SQL", () => {
  it.each<[string[], string]>([
    [[], ""],
    [["a"], "'a'"],
    [["a", "b"], "'a', 'b'"],
  ])("%p is %s", (values, sql) => {
    expect(sqlList(values)).toBe(sql)
  })
})
