import { OPEN_STATUSES, statusOf, totalsOf } from "./oracle.js"
import { openSessionOf } from "./world.js"
import type { CollectionRow, MovementRow, OperationRow, PaymentRow, Rows } from "./rows.js"

// What the database must hold after every step, whatever was asked for and whatever a bank did. Every rule gives what is
// wrong, in words. Amounts are minor units.

/**
 * What is wrong with the rows of one moment.
 * @param isAlone whether nobody else moves money with the provider: what is reserved here is then still there
 */
export function rowProblems(rows: Rows, isAlone = true): string[] {
  return [
    ...liveCollections(rows),
    ...rows.collections.flatMap((collection) => collectionProblems(rows, collection)),
    ...rows.payments.flatMap((payment) => paymentProblems(rows, payment)),
    ...(isAlone ? rows.payments.flatMap((payment) => reservationProblems(rows, payment)) : []),
    ...sessionProblems(rows),
    ...operationProblems(rows),
    ...movementProblems(rows, "capture"),
    ...movementProblems(rows, "refund"),
  ]
}

function liveCollections({ carts, collections }: Rows): string[] {
  return carts.flatMap(({ id }) => {
    const live = collections.filter(
      ({ cart_id, deleted_at, status }) => cart_id === id && deleted_at === null && status !== "canceled",
    )
    return live.length > 1 ? [`cart ${id} has ${live.length} live collections`] : []
  })
}

function collectionProblems(rows: Rows, collection: CollectionRow): string[] {
  const { id, amount, status, completed_at, currency_code, outgrown_total } = collection
  const open = rows.sessions.filter(
    (session) =>
      session.payment_collection_id === id && session.deleted_at === null && OPEN_STATUSES.includes(session.status),
  )
  // What came in too late, in a currency that the collection has left, is in no sum with others.
  const payments = rows.payments.filter(
    (payment) => payment.payment_collection_id === id && payment.currency_code === currency_code,
  )
  const wanted = payments.filter(({ is_surplus }) => !is_surplus)
  const totals = {
    authorized_amount: sum(payments.map(({ authorized_amount }) => authorized_amount)),
    captured_amount: sum(payments.map(({ captured_amount }) => captured_amount)),
    refunded_amount: sum(payments.map(({ refunded_amount }) => refunded_amount)),
  }
  const expected = statusOf({
    amount,
    wasCompleted: completed_at !== null,
    // Which act led to it is what the model knows.
    isGivenUp: status === "canceled" && payments.length > 0 && open.length === 0,
    session: openSessionOf(rows, collection)?.status,
    payments: wanted.map(holdingOf),
  })
  const held = totalsOf(payments.map(holdingOf))
  return [
    ...(open.length > 1 ? [`${id} has ${open.length} open sessions`] : []),
    ...differences(`${id} beside the sums of its payments`, pick(collection, totals), totals),
    ...(held.authorized === totals.authorized_amount
      ? []
      : [`${id} has a canceled payment that counts more than it captured`]),
    ...(outgrown_total === null || outgrown_total > amount
      ? []
      : [`${id} of ${amount} is marked as outgrown by ${outgrown_total}`]),
    ...(status === expected ? [] : [`${id} is ${status}, by its children it is ${expected}`]),
    ...((completed_at !== null) === (status === "completed") ? [] : [`${id} is ${status}, completed ${completed_at}`]),
  ]
}

function paymentProblems(rows: Rows, payment: PaymentRow): string[] {
  const { id, amount, authorized_amount, captured_amount, refunded_amount, canceled_at, captured_at } = payment
  const sums = {
    captured_amount: sumOfSucceeded(rows.captures, id),
    refunded_amount: sumOfSucceeded(rows.refunds, id),
    authorized_amount: canceled_at === null ? amount : captured_amount,
  }
  const collection = rows.collections.find((candidate) => candidate.id === payment.payment_collection_id)
  const isFull = captured_amount >= amount
  return [
    ...differences(`${id} beside its captures and refunds`, pick(payment, sums), sums),
    ...(captured_amount <= authorized_amount ? [] : [`${id} captured more than was authorized`]),
    ...(refunded_amount <= captured_amount ? [] : [`${id} refunded more than was captured`]),
    ...((captured_at !== null) === isFull || amount === 0
      ? []
      : [`${id} has captured ${captured_amount}, captured_at ${captured_at}`]),
    // What holds nothing counts for nothing, and the collection may have gone over to another currency since.
    ...(collection?.currency_code === payment.currency_code || authorized_amount === 0 || payment.is_surplus
      ? []
      : [`${id} is in ${payment.currency_code}, its collection in ${collection?.currency_code}`]),
  ]
}

function reservationProblems(rows: Rows, payment: PaymentRow): string[] {
  const { id, authorized_amount, captured_amount, refunded_amount } = payment
  const reserved = (kinds: string[]) =>
    sum(unsettled(rows, ({ payment_id, kind }) => payment_id === id && kinds.includes(kind)).map((each) => each.amount))
  return [
    ...(captured_amount + reserved(["capture", "cancel_payment"]) <= authorized_amount
      ? []
      : [`${id}: what is captured and being captured or given up is more than was authorized`]),
    ...(refunded_amount + reserved(["refund"]) <= captured_amount
      ? []
      : [`${id}: what is refunded and being refunded is more than was captured`]),
  ]
}

function sessionProblems({ sessions, payments }: Rows): string[] {
  return sessions.flatMap(({ id, status, deleted_at, authorized_at }) => {
    const payment = payments.find(({ payment_session_id }) => payment_session_id === id)
    const isGone = deleted_at !== null
    // It was given up, and captured at the provider all the same.
    const isLate = payment !== undefined && deleted_at !== null && payment.created_at >= deleted_at
    return [
      ...(isGone && !["canceled", "error"].includes(status) ? [`${id} is deleted and ${status}`] : []),
      ...(!isGone && status === "canceled" ? [`${id} is canceled and still listed`] : []),
      ...((status === "authorized") === (payment !== undefined && !isGone)
        ? []
        : [`${id} is ${status}, with ${payment?.id}`]),
      ...(payment !== undefined && authorized_at === null && !isLate
        ? [`${id} has a payment and was never authorized`]
        : []),
    ]
  })
}

function operationProblems({ operations }: Rows): string[] {
  return operations.flatMap(({ id, kind, state, resolved_at, is_stuck, last_error }) => [
    ...(["succeeded", "declined"].includes(state) === (resolved_at !== null)
      ? []
      : [`${kind} ${id} is ${state}, settled ${resolved_at}`]),
    ...(is_stuck ? [`${kind} ${id} is stuck: ${last_error}`] : []),
  ])
}

/** A capture or refund that somebody asked for says what its operation says. */
function movementProblems(rows: Rows, kind: "capture" | "refund"): string[] {
  const all = kind === "capture" ? rows.captures : rows.refunds
  const operations = rows.operations.filter((operation) => operation.kind === kind)
  const of = (movement: MovementRow) =>
    operations.filter(({ capture_id, refund_id }) => (kind === "capture" ? capture_id : refund_id) === movement.id)
  // What was done with the provider directly was no call of ours.
  const movements = all.filter((movement) => of(movement).length > 0 || !movement.created_by?.startsWith("pp_"))
  return [
    ...(movements.length === operations.length
      ? []
      : [`${movements.length} ${kind}s and ${operations.length} operations`]),
    ...movements.flatMap((movement) => {
      const [operation, ...more] = of(movement)
      if (!operation || more.length > 0) return [`${movement.id} has ${1 + more.length} operations, or none`]
      const isLess = ["succeeded", "failed"].includes(movement.status) ? movement.amount <= operation.amount : false
      return [
        // The shopper's bank may send a refund back later.
        ...(movement.status === operation.state ||
        (movement.status === "superseded" && operation.state === "declined") ||
        (movement.status === "failed" && operation.state === "succeeded")
          ? []
          : [`${movement.id} is ${movement.status}, its operation ${operation.state}`]),
        ...(isLess || movement.amount === operation.amount
          ? []
          : [`${movement.id} is of ${movement.amount}, its operation of ${operation.amount}`]),
      ]
    }),
  ]
}

/** What was said once and for all is said otherwise now. */
export function historyProblems(before: Rows, after: Rows): string[] {
  const isSentBack = after.refunds.some(({ status }) => status === "failed")
  const totals = isSentBack ? (["captured_amount"] as const) : (["captured_amount", "refunded_amount"] as const)
  return [
    ...changed("collection", before.collections, after.collections, ["completed_at", "deleted_at"]),
    ...changed("session", before.sessions, after.sessions, ["authorized_at", "deleted_at"]),
    ...changed("payment", before.payments, after.payments, ["captured_at", "canceled_at"]),
    ...changed("operation", before.operations, after.operations, ["resolved_at"]),
    ...reopened(before, after),
    ...revived(before, after),
    ...shrunk(before.payments, after.payments, totals),
    ...shrunk(before.collections, after.collections, totals),
  ]
}

function revived(before: Rows, after: Rows): string[] {
  return before.collections
    .filter(({ status }) => status === "canceled" || status === "completed")
    .flatMap(({ id, status }) => {
      const now = after.collections.find((collection) => collection.id === id)?.status
      return now === status ? [] : [`${id} was ${status} and is ${now}`]
    })
}

function reopened(before: Rows, after: Rows): string[] {
  const settled = before.operations.filter(({ resolved_at }) => resolved_at !== null)
  const finals = [...before.captures, ...before.refunds].filter(({ status }) =>
    ["succeeded", "declined"].includes(status),
  )
  const now = [...after.captures, ...after.refunds]
  return [
    ...settled.flatMap(({ id, state }) => {
      const { state: stateNow } = after.operations.find((operation) => operation.id === id) ?? {}
      return state === stateNow ? [] : [`${id} was settled as ${state} and is ${stateNow}`]
    }),
    ...finals.flatMap((movement) => {
      const found = now.find(({ id }) => id === movement.id)
      const mayBe = movement.status === "succeeded" ? ["succeeded", "failed"] : [movement.status]
      return mayBe.includes(found?.status ?? "") && found?.amount === movement.amount
        ? []
        : [`${movement.id} was ${movement.status} and is ${found?.status}`]
    }),
  ]
}

function changed<R extends { id: string }>(
  what: string,
  before: R[],
  after: R[],
  names: (keyof R & string)[],
): string[] {
  return before.flatMap((row) => {
    const now = after.find(({ id }) => id === row.id)
    if (!now) return [`${what} ${row.id} is not there any more`]
    return names
      .filter((name) => row[name] !== null && row[name] !== now[name])
      .map((name) => `${what} ${row.id}: ${name} was ${String(row[name])} and is ${String(now[name])}`)
  })
}

function shrunk<R extends { id: string }>(before: R[], after: R[], names: readonly (keyof R & string)[]): string[] {
  return before.flatMap((row) => {
    const now = after.find(({ id }) => id === row.id)
    return names
      .filter((name) => Number(now?.[name]) < Number(row[name]))
      .map((name) => `${row.id}: ${name} was ${String(row[name])} and is ${String(now?.[name])}`)
  })
}

export function holdingOf({ authorized_amount, captured_amount, refunded_amount, canceled_at }: PaymentRow) {
  return {
    authorized: authorized_amount,
    captured: captured_amount,
    refunded: refunded_amount,
    isCanceled: canceled_at !== null,
  }
}

/** What two records disagree about; the second is what is expected. */
export function differences<T extends object>(what: string, actual: T, expected: T): string[] {
  return (Object.keys(expected) as (keyof T & string)[])
    .filter((name) => actual[name] !== expected[name])
    .map((name) => `${what}: ${name} is ${String(actual[name])}, expected ${String(expected[name])}`)
}

function pick<T extends object>(from: T, names: object): T {
  return Object.fromEntries(Object.entries(from).filter(([name]) => name in names)) as T
}

function unsettled({ operations }: Rows, matches: (operation: OperationRow) => boolean): OperationRow[] {
  return operations.filter((operation) => operation.resolved_at === null && matches(operation))
}

function sumOfSucceeded(movements: MovementRow[], paymentId: string): number {
  return sum(
    movements
      .filter(({ payment_id, status }) => payment_id === paymentId && status === "succeeded")
      .map(({ amount }) => amount),
  )
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0)
}
