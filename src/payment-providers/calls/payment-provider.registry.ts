import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleInit } from "@nestjs/common"
import { DiscoveryService } from "@nestjs/core"
import { DataSource } from "typeorm"
import { mayRepeat } from "../../payment-model/rules/operation.rules.js"
import type { PaymentOperation } from "../../payment-model/entities/payment-operation.entity.js"
import { PaymentProvider as ProviderRow } from "../../payment-model/entities/payment-provider.entity.js"
import type { Payment } from "../../payment-model/entities/payment.entity.js"
import type { OperationKind } from "../../payment-model/status.js"
import { untilAborted } from "../../common/abort.js"
import { excerpt, NotAllowed } from "../../common/errors.js"
import type { LogFields } from "../../telemetry/logger.js"
import type {
  Gone,
  InspectCall,
  CallNotFound,
  NotOurs,
  PaymentProvider,
  PaymentState,
  ProviderCall,
  ProviderOutcome,
  ProviderResult,
  Unknown,
} from "../contract/index.js"
import { isPaymentProvider } from "../contract/provider.js"
import { ProviderDeadline } from "./provider-deadline.js"
import { parseOutcome, toUnknown, parseState } from "./provider-outcome.js"

const ID_PATTERN = /^pp_[\w-]+_[\w-]+$/

/** The method that each kind of operation calls. */
const METHODS = {
  initiate: "initiate",
  update: "update",
  authorize: "authorize",
  cancel_session: "cancel",
  capture: "capture",
  refund: "refund",
  cancel_payment: "cancel",
} as const satisfies Record<OperationKind, keyof PaymentProvider>

/**
 * The providers that this process was started with; a row in the database alone makes no provider. The one place that
 * calls them: with a deadline, and with whatever they throw turned into an unknown outcome.
 */
@Injectable()
export class PaymentProviderRegistry implements OnModuleInit, OnApplicationBootstrap {
  private readonly log = new Logger(PaymentProviderRegistry.name)
  private readonly providers = new Map<string, PaymentProvider>()

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly dataSource: DataSource,
    private readonly deadline: ProviderDeadline,
  ) {}

  onModuleInit(): void {
    const instances = this.discovery.getProviders().map(({ instance }): unknown => instance)
    for (const provider of new Set(instances.filter(isPaymentProvider))) {
      if (!ID_PATTERN.test(provider.id)) {
        throw new Error(`A payment provider has the id '${provider.id}', which is not of the form pp_{identifier}_{id}`)
      }
      if (this.providers.has(provider.id)) throw new Error(`Two payment providers have the id ${provider.id}`)
      this.providers.set(provider.id, provider)
    }
  }

  /** Makes new providers known to the database. What an operator disabled stays disabled. */
  async onApplicationBootstrap(): Promise<void> {
    await this.dataSource
      .createQueryBuilder()
      .insert()
      .into(ProviderRow)
      .values(this.ids.map((id) => ({ id })))
      .orIgnore()
      .execute()
  }

  get ids(): string[] {
    return [...this.providers.keys()]
  }

  has(id: string): boolean {
    return this.providers.has(id)
  }

  /** @throws NotAllowed when this process was not started with it */
  get(id: string): PaymentProvider {
    const provider = this.providers.get(id)
    if (!provider) throw providerNotAvailable(id)
    return provider
  }

  /** Whether a provider moves money, so that shoppers may use it without a region that names it. */
  movesMoney(id: string): boolean {
    return this.get(id).capabilities.movesMoney !== false
  }

  /** Whether a payment can be captured more than once. */
  hasMulticapture({ provider_id, private_data }: Pick<Payment, "provider_id" | "private_data">): boolean {
    const { multicapture } = this.get(provider_id).capabilities
    return typeof multicapture === "boolean" ? multicapture : multicapture(private_data ?? {})
  }

  /** Asks for what the operation says. */
  async call(operation: PaymentOperation): Promise<ProviderOutcome> {
    const provider = this.get(operation.provider_id)
    const about = aboutOperation(operation, METHODS[operation.kind])
    const outcome = await this.timed(about, (signal) => provider[METHODS[operation.kind]](callOf(operation, signal)))
    return outcome.outcome === "not_found"
      ? this.failed(about, "The provider says that it does not know what it was just asked for.")
      : outcome
  }

  /** Asks how the operation ended; one that the provider has never seen is asked for again, with the same key. */
  async lookUp(operation: PaymentOperation): Promise<ProviderOutcome> {
    const provider = this.get(operation.provider_id)
    const about = aboutOperation(operation, "lookUp")
    const found = await this.timed(about, (signal) =>
      provider.lookUp({ ...callOf(operation, signal), operation: operation.kind }),
    )
    if (found.outcome !== "not_found") return found
    if (mayRepeat(operation, new Date())) return this.call(operation)
    return this.failed(
      about,
      "The provider does not know the operation, which is too old to be asked for again. Check with it.",
    )
  }

  /**
   * Asks a provider for what is no operation: no money is in it, and it may simply be asked for again. What it throws, and
   * what is no result, counts as unknown.
   */
  async ask<T>(
    about: ProviderCallName,
    call: (signal: AbortSignal) => Promise<ProviderResult<T>>,
  ): Promise<ProviderResult<T>> {
    try {
      const answer = await this.inTime(call)
      if (answer.outcome === "succeeded") return answer
      const outcome = parseOutcome(answer)
      if (outcome.outcome === "unknown") this.logFailure(about, causeIn(answer, outcome))
      if (outcome.outcome === "declined" || outcome.outcome === "gone" || outcome.outcome === "unknown") return outcome
      throw new TypeError("The provider's answer cannot be used: it is no result")
    } catch (cause) {
      this.logFailure(about, cause)
      return { outcome: "unknown", cause }
    }
  }

  /** Whether a provider can report the state of a payment. */
  canInspect(id: string): boolean {
    return this.has(id) && this.get(id).inspect !== undefined
  }

  /**
   * Fetches the state of a payment.
   * @throws NotAllowed when the provider cannot report it
   * @throws whatever the provider throws, also at the deadline, and when its answer cannot be recorded
   */
  async inspect(id: string, payment: Omit<InspectCall, "signal">): Promise<PaymentState | Gone> {
    const provider = this.get(id)
    const fetch = provider.inspect?.bind(provider)
    if (!fetch) {
      throw new NotAllowed(`Payment provider ${id} cannot report the state of a payment. Look at it there.`)
    }
    return this.fetchState({ provider_id: id, payment_session_id: payment.sessionId, call: "inspect" }, (signal) =>
      fetch({ ...payment, signal }),
    )
  }

  /**
   * Fetches what a provider reports of a payment.
   * @throws whatever the provider throws, also at the deadline, and when its answer cannot be recorded; the log has it then
   */
  async fetchState<Missing extends NotOurs | Gone>(
    about: ProviderCallName,
    fetch: (signal: AbortSignal) => Promise<PaymentState | Missing>,
  ): Promise<PaymentState | Missing> {
    try {
      return parseState(await this.inTime(fetch))
    } catch (cause) {
      this.logFailure(about, cause)
      throw cause
    }
  }

  private async timed(
    about: ProviderCallName,
    call: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<ProviderOutcome | CallNotFound> {
    try {
      const answer = await this.inTime(call)
      const outcome = parseOutcome(answer)
      if (outcome.outcome === "unknown") this.logFailure(about, causeIn(answer, outcome))
      return outcome
    } catch (cause) {
      return this.failed(about, cause)
    }
  }

  private failed(about: ProviderCallName, cause: unknown): ProviderOutcome {
    this.logFailure(about, cause)
    return toUnknown(cause)
  }

  /** The caller gets an outcome without the error, so the log is the only place that names the cause. */
  private logFailure(about: ProviderCallName, err: unknown): void {
    this.log.error({ ...about, err, msg: "The payment provider failed." } satisfies LogFields)
  }

  /** @throws the signal's reason at the deadline, whatever the call does then; and what the call throws */
  private async inTime<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = AbortSignal.timeout(this.deadline.milliseconds)
    return untilAborted(signal, () => call(signal))
  }
}

/** Which call failed, for the log. */
export interface ProviderCallName {
  readonly provider_id: string
  readonly call: string
  readonly operation_id?: string
  readonly payment_session_id?: string
  readonly webhook_event_id?: string
}

function aboutOperation({ id, kind, provider_id, payment_session_id }: PaymentOperation, method: string) {
  return { provider_id, call: method, operation_id: id, operation: kind, payment_session_id }
}

/** What a provider returned as the cause; the outcome has only the words of it. */
function causeIn(answer: unknown, { cause }: Unknown): unknown {
  const given = (answer as { cause?: unknown } | null | undefined)?.cause
  return given ?? cause
}

function callOf(operation: PaymentOperation, signal: AbortSignal): ProviderCall {
  const { client_data, data, private_data, context } = operation.request
  return {
    idempotencyKey: operation.id,
    startedAt: operation.created_at,
    sessionId: operation.payment_session_id,
    amount: { minor: operation.amount, currency: operation.currency_code },
    clientData: client_data,
    data,
    privateData: private_data,
    context,
    signal,
  }
}

export function providerNotAvailable(id: string): NotAllowed {
  return new NotAllowed(
    `Payment provider ${excerpt(id)} is not available, because the service was started without it. Choose another one, or have the operator configure it.`,
  )
}
