import {
  CrossSiteRequest,
  PublishableKeyInvalid,
  PublishableKeyMissing,
  SecretKeyRequired,
  TcpTokenRequired,
} from "../../src/api-keys/api-key.errors.js"
import { BodyTooLarge, UnsupportedMediaType } from "../../src/api/errors/transport.errors.js"
import {
  ChangedMeanwhile,
  ERROR_KINDS,
  ResponseTooLarge,
  ServiceError,
  Unavailable,
  UnknownError,
} from "../../src/common/errors.js"
import { IdempotencyKeyInUse, IdempotencyKeyReused } from "../../src/idempotency/idempotency.errors.js"
import {
  AccountHolderMissing,
  DoneButTooLarge,
  OperationInProgress,
  OutcomeUnknown,
  PaymentDeclined,
  ProviderContradiction,
  ProviderError,
  ProviderPaymentMissing,
  ProviderUnresponsive,
  StateConflict,
} from "../../src/payment-providers/calls/call.errors.js"
import { AmountChanged, CustomerChanged, SessionEnded } from "../../src/payment-sessions/payment-session.errors.js"
import { invalidRequest, missingField } from "../../src/api/validation/validation.js"
import { BROKEN_REQUESTS } from "../../src/bootstrap/broken-requests.js"
import { EXAMPLE_REQUEST_ID, type DocumentedError } from "../../src/api/errors/error-docs.js"
import { reasonCodeTaken } from "../../src/payment-model/constraints.js"
import { collectionNotFound } from "../../src/payment-model/not-found.js"
import { EXAMPLE } from "../../src/payment-model/resources/examples.js"
import { capturedInFull } from "../../src/payment-model/rules/payment.rules.js"
import { REFUSAL_ERRORS } from "../../src/payment-providers/calls/provider-outcome.js"
import { meaningOf, LISTED_CODES } from "../../src/payment-providers/stripe/error-codes.js"

/** Every error of docs/errors.md. Where the message differs from route to route, one as a route throws it stands for all. */
export const DOCUMENTED_ERRORS: readonly DocumentedError[] = [
  invalidRequest([missingField("cart_id")]),
  ResponseTooLarge,
  capturedInFull(EXAMPLE.paymentId),
  PublishableKeyMissing,
  PublishableKeyInvalid,
  CrossSiteRequest,
  SecretKeyRequired,
  TcpTokenRequired,
  collectionNotFound(EXAMPLE.collectionId),
  ChangedMeanwhile,
  AmountChanged,
  CustomerChanged,
  OperationInProgress,
  IdempotencyKeyInUse,
  StateConflict,
  SessionEnded,
  ProviderPaymentMissing,
  AccountHolderMissing,
  ProviderContradiction,
  BodyTooLarge,
  UnsupportedMediaType,
  reasonCodeTaken(),
  PaymentDeclined,
  IdempotencyKeyReused,
  UnknownError,
  ProviderError,
  ProviderUnresponsive,
  Unavailable,
  OutcomeUnknown,
  DoneButTooLarge,
]

/** Examples of the codes that a provider chooses. */
const CODES_OF_PROVIDERS = ["card_declined", "amount_too_small"]

interface Entry {
  readonly error: ServiceError
  readonly status: number
  /** The service's code; undefined if there is none, or if the provider chooses it. */
  readonly code?: string
}

const ENTRIES: readonly Entry[] = DOCUMENTED_ERRORS.map((documented) => {
  const error = documented instanceof ServiceError ? documented : documented.docs.example?.()
  if (!error) throw new Error(`The errors '${documented.docs.name}' have no example`)
  const { status } = ERROR_KINDS[error.kind]
  const { code } = error
  return { error, status, ...(code !== undefined && !CODES_OF_PROVIDERS.includes(code) && { code }) }
})

const INTRODUCTION = `# Errors

<!-- npm run docs:generate writes this page from the error classes. -->

Every error is JSON, over HTTP and TCP alike. \`type\` is stable. \`code\`, where there is one, is finer and stable too. \`message\` is for
people; where Medusa has the same error, it is Medusa's, and \`details\` say what to do. \`request_id\` is also in the header
\`x-request-id\` and in the service's log. A provider's refusal may carry a \`code\` of the provider, see [below](#codes-of-stripe).
[Failures](failures.md) describes what the service does when providers, processes or the database fail.`

const cell = (text: string) => text.replaceAll("|", "\\|")

function summary(): string {
  const rows = ENTRIES.map(({ error, status, code }) => {
    const { type } = ERROR_KINDS[error.kind]
    const shown = code === undefined ? (error.code ?? "") && "the provider's" : `\`${code}\``
    return `| ${status} | \`${type}\` | ${shown} | ${cell(error.docs.when)} |`
  })
  return ["| status | type | code | when |", "|---|---|---|---|", ...rows].join("\n")
}

function section({ error, status, code = ERROR_KINDS[error.kind].type }: Entry): string {
  const { when, remedy } = error.docs
  const header = error.retryAfter === undefined ? [] : [`Header: \`Retry-After: ${error.retryAfter}\``, ""]
  const body = JSON.stringify(error.toBody(EXAMPLE_REQUEST_ID), null, 2)
  return [
    `## ${status} \`${code}\``,
    "",
    `When: ${when}`,
    "",
    `What to do: ${remedy}`,
    "",
    ...header,
    "```json",
    body,
    "```",
  ].join("\n")
}

function brokenRequests(): string {
  const rows = BROKEN_REQUESTS.map(({ status, message }) => `| ${status} | \`invalid_data\` | ${message} |`)
  return [
    "## Before there is a request",
    "",
    "The service closes the connection after these errors.",
    "",
    "| status | type | message |",
    "|---|---|---|",
    ...rows,
  ].join("\n")
}

function stripeCodes(): string {
  const byMeaning = new Map<string, string[]>()
  for (const code of LISTED_CODES) {
    const meaning = meaningOf(code)
    if (!meaning) continue
    const { status, type } = ERROR_KINDS[new REFUSAL_ERRORS[meaning.refusedBy]("").kind]
    const row = `${status} | \`${type}\` | ${meaning.retryable ? "yes" : "no"} | ${cell(meaning.message)} |`
    byMeaning.set(row, [...(byMeaning.get(row) ?? []), `\`${code}\``])
  }
  const rows = [...byMeaning].map(([row, codes]) => `| ${codes.join(" ")} | ${row}`)
  return [
    "## Codes of Stripe",
    "",
    "What each error code of Stripe becomes. If Stripe sends a message for shoppers, it replaces the message here.",
    "",
    "| code | status | type | retryable | message |",
    "|---|---|---|---|---|",
    ...rows,
  ].join("\n")
}

/** The content of docs/errors.md. */
export function errorPage(): string {
  return `${[INTRODUCTION, summary(), ...ENTRIES.map(section), brokenRequests(), stripeCodes()].join("\n\n")}\n`
}
