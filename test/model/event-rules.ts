import type { EventRow, OperationRow, Rows } from "./rows.js"

// Every fact is told once, and nothing is told that is none.

interface Fact {
  event: string
  /** What it is about, by the name of the event's field that has the id. */
  by: string
  ids: string[]
}

/** What is wrong with the events beside the rows of the same moment. */
export function eventProblems(rows: Rows): string[] {
  return [...countProblems(rows), ...orderProblems(rows), ...outgrownProblems(rows)]
}

/**
 * What is not told as often as it happened.
 * @param untold events that no row says the number of
 */
export function countProblems(rows: Rows, untold: readonly string[] = []): string[] {
  const facts = factsOf(rows).filter(({ event }) => !untold.includes(event))
  return facts.flatMap((fact) => factProblems(rows.events, fact))
}

function factsOf({ collections, sessions, payments, captures, refunds, operations, events }: Rows): Fact[] {
  const ids = (rows: { id: string }[]) => rows.map(({ id }) => id)
  const refundsBy = (matches: (operation: OperationRow) => boolean) =>
    operations
      .filter((operation) => operation.refund_id !== null && matches(operation))
      .map(({ refund_id }) => refund_id ?? "")
  const accepted = refundsBy(({ is_accepted }) => is_accepted)
  const succeededOnce = refundsBy(({ state }) => state === "succeeded")
  const made = refundsBy(() => true)
  // What was refunded with the provider directly: the rows say how it ended, and not what it was on its way there.
  const elsewhere = refunds.filter(({ id }) => !made.includes(id))
  const toldOnce = (name: string, of: { id: string }[]) =>
    ids(of.filter(({ id }) => events.some((event) => event.name === name && event.data["refund_id"] === id)))
  const failedOfOurs = refunds.filter(
    ({ id, status }) => made.includes(id) && (status === "failed" || (status === "declined" && accepted.includes(id))),
  )
  const succeeded = (movements: { id: string; status: string }[]) =>
    ids(movements.filter(({ status }) => status === "succeeded"))
  const sessionsOf = (kinds: string[], state: string) =>
    operations
      .filter((operation) => kinds.includes(operation.kind) && operation.state === state)
      .map(({ payment_session_id }) => payment_session_id)
  const refused = sessionsOf(["initiate"], "declined")
  // One that failed and could not be changed either is dropped.
  const beyondRepair = ids(sessions.filter(({ status, deleted_at }) => status === "error" && deleted_at)).filter(
    (id) => !refused.includes(id),
  )
  return [
    { event: "payment_collection.created", by: "id", ids: ids(collections) },
    { event: "payment_collection.deleted", by: "id", ids: ids(collections.filter(({ deleted_at }) => deleted_at)) },
    {
      event: "payment_collection.completed",
      by: "id",
      ids: ids(collections.filter(({ completed_at }) => completed_at)),
    },
    {
      event: "payment_collection.canceled",
      by: "id",
      ids: ids(collections.filter(({ status }) => status === "canceled")),
    },
    { event: "payment_session.created", by: "id", ids: sessionsOf(["initiate"], "succeeded") },
    {
      event: "payment_session.canceled",
      by: "id",
      ids: ids(sessions.filter(({ status }) => status === "canceled")),
    },
    {
      event: "payment_session.failed",
      by: "id",
      ids: [...sessionsOf(["initiate", "authorize"], "declined"), ...beyondRepair],
    },
    {
      event: "payment_session.authorized",
      by: "id",
      ids: payments.map(({ payment_session_id }) => payment_session_id),
    },
    { event: "payment.authorized", by: "id", ids: ids(payments) },
    { event: "payment.canceled", by: "id", ids: ids(payments.filter(({ canceled_at }) => canceled_at)) },
    { event: "payment.captured", by: "capture_id", ids: succeeded(captures) },
    {
      event: "payment.refund_pending",
      by: "refund_id",
      ids: [...accepted, ...toldOnce("payment.refund_pending", elsewhere)],
    },
    {
      event: "payment.refunded",
      by: "refund_id",
      ids: [
        ...succeededOnce,
        ...succeeded(elsewhere),
        ...toldOnce(
          "payment.refunded",
          elsewhere.filter(({ status }) => status === "failed"),
        ),
      ],
    },
    {
      event: "payment.refund_failed",
      by: "refund_id",
      ids: ids([...failedOfOurs, ...elsewhere.filter(({ status }) => status === "failed")]),
    },
  ]
}

function factProblems(events: EventRow[], { event, by, ids }: Fact): string[] {
  const told = events.filter(({ name }) => name === event).map(({ data }) => data[by] ?? "nothing")
  const count = (list: string[], id: string) => list.filter((candidate) => candidate === id).length
  return [...new Set([...told, ...ids])]
    .filter((id) => count(told, id) !== count(ids, id))
    .map((id) => `${event} of ${id} is told ${count(told, id)} times, and happened ${count(ids, id)} times`)
}

/** Told in the order in which it happened: each capture and refund with what it made of the payment. */
function orderProblems({ events, captures, refunds }: Rows): string[] {
  const totals = new Map<string, number>()
  const movements = new Map([...captures, ...refunds].map(({ id, amount }) => [id, amount]))
  return events.flatMap(({ name, data }) => {
    const about = MOVEMENTS[name]
    if (!about) return []
    const amount = Number(data[about.amount])
    const key = `${name} ${data["id"]}`
    const total = (totals.get(key) ?? 0) + amount
    totals.set(key, total)
    return [
      ...(movements.get(data[about.id] ?? "") === amount ? [] : [`${name} tells ${amount} of ${data[about.id]}`]),
      ...(Number(data[about.total]) === total ? [] : [`${key} tells ${about.total} ${data[about.total]} at ${total}`]),
    ]
  })
}

/** A cart that is said to have outgrown its payment costs more than what the collection is for, and holds money. */
function outgrownProblems({ events }: Rows): string[] {
  return events
    .filter(({ name }) => name === "payment_collection.outgrown")
    .flatMap(({ data }) => {
      const [amount, authorized, outstanding] = ["amount", "authorized_amount", "outstanding_amount"].map((name) =>
        Number(data[name]),
      ) as [number, number, number]
      const isOutgrown = authorized > 0 && outstanding > 0 && authorized + outstanding > amount
      return isOutgrown ? [] : [`an event says that a cart outgrew ${JSON.stringify(data)}`]
    })
}

const MOVEMENTS: Readonly<Record<string, { id: string; amount: string; total: string }>> = {
  "payment.captured": { id: "capture_id", amount: "capture_amount", total: "captured_amount" },
  "payment.refunded": { id: "refund_id", amount: "refund_amount", total: "refunded_amount" },
}
