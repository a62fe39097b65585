import type { Caller } from "../api/request-context.js"
import type { Aggregate, CollectionFigures } from "../payment-model/aggregate.js"
import type { PaymentSession } from "../payment-model/entities/payment-session.entity.js"
import { coversAmount } from "../payment-model/rules/session.rules.js"
import type { Decision } from "../payment-providers/calls/operation-runner.js"

/** The amount and the currency of a session. */
export type SessionFigures = Pick<PaymentSession, "amount" | "currency_code">

/** The session that a use case wants to have at a provider. */
export type WantedSession = Pick<PaymentSession, "provider_id" | "amount" | "currency_code" | "client_data" | "context">

/** Adds a session and begins the operation that opens it at its provider. */
export function initiateSession(aggregate: Aggregate, wanted: WantedSession, caller: Caller) {
  aggregate.adopt(aggregate.target)
  const session = aggregate.addSession(wanted)
  const operation = aggregate.begin("initiate", session, {
    amount: wanted.amount,
    request: { ...requestOf(session), client_data: wanted.client_data },
    created_by: caller.id,
  })
  return { kind: "call", operation, isFinal: true } as const
}

/** Begins the operation that changes a session at its provider. */
export function updateSession(
  aggregate: Aggregate,
  session: PaymentSession,
  wanted: WantedSession,
  caller: Caller,
  target: CollectionFigures = aggregate.target,
) {
  const { amount, currency_code, client_data, context } = wanted
  const { collection } = aggregate
  const operation = aggregate.begin("update", session, {
    amount,
    currency_code,
    request: {
      ...requestOf(session),
      client_data,
      context: context ?? {},
      is_following: !coversAmount(collection, target),
      collection_amount: target.amount.toString(),
      place: { region_id: target.region_id, sales_channel_id: target.sales_channel_id },
    },
    created_by: caller.id,
  })
  return { kind: "call", operation, isFinal: true } as const
}

/** Begins the operation that voids a session at its provider. */
export function cancelSession(aggregate: Aggregate, session: PaymentSession, caller: Caller): Decision {
  const operation = aggregate.begin("cancel_session", session, {
    amount: session.amount,
    request: { ...requestOf(session), client_data: {} },
    created_by: caller.id,
  })
  return { kind: "call", operation }
}

/** The step that voids the open session at its provider; undefined if no session is open. */
export function cancelOpenSession(aggregate: Aggregate, caller: Caller): Decision | undefined {
  const unresolved = aggregate.sessionOperation
  if (unresolved) return { kind: "wait", operationId: unresolved.id }
  const { openSession } = aggregate
  return openSession && cancelSession(aggregate, openSession, caller)
}

/** The part of an operation's request that comes from its session. */
export function requestOf({ data, private_data, context }: PaymentSession) {
  return { data, private_data: private_data ?? {}, context: context ?? {} }
}
