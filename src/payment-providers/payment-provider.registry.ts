import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from "@nestjs/common"
import { DiscoveryService } from "@nestjs/core"
import { DataSource } from "typeorm"
import { mayRepeat } from "../payment-model/operation.rules.js"
import type { PaymentOperation } from "../payment-model/payment-operation.entity.js"
import { PaymentProvider as ProviderRow } from "../payment-model/payment-provider.entity.js"
import type { Payment } from "../payment-model/payment.entity.js"
import type { OperationKind } from "../payment-model/status.js"
import { NotAllowed, excerpt } from "../common/errors.js"
import {
  isPaymentProvider,
  type Gone,
  type InspectCall,
  type NotFoundThere,
  type PaymentProvider,
  type PaymentState,
  type ProviderCall,
  type ProviderOutcome,
  type ProviderResult,
} from "./payment-provider.contract.js"
import { ProviderDeadline } from "./provider-deadline.js"
import { outcomeOf, outcomeOfError, stateOf } from "./provider-outcome.js"

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
    const outcome = await this.timed((signal) => provider[METHODS[operation.kind]](callOf(operation, signal)))
    return outcome.outcome === "not_found"
      ? outcomeOfError("The provider says that it does not know what it was just asked for.")
      : outcome
  }

  /** Asks how the operation ended; one that the provider has never seen is asked for again, with the same key. */
  async settle(operation: PaymentOperation): Promise<ProviderOutcome> {
    const provider = this.get(operation.provider_id)
    const found = await this.timed((signal) =>
      provider.lookUp({ ...callOf(operation, signal), operation: operation.kind }),
    )
    if (found.outcome !== "not_found") return found
    if (mayRepeat(operation, new Date())) return this.call(operation)
    return outcomeOfError(
      "The provider does not know the operation, which is too old to be asked for again. Check with it.",
    )
  }

  /**
   * Asks a provider for what is no operation: no money is in it, and it may simply be asked for again. What it throws, and
   * what is no result, counts as unknown.
   */
  async ask<T>(call: (signal: AbortSignal) => Promise<ProviderResult<T>>): Promise<ProviderResult<T>> {
    try {
      const answer = await this.inTime(call)
      if (answer.outcome === "succeeded") return answer
      const outcome = outcomeOf(answer)
      if (outcome.outcome === "declined" || outcome.outcome === "gone" || outcome.outcome === "unknown") return outcome
      throw new TypeError("The provider's answer cannot be used: it is no result")
    } catch (cause) {
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
    return stateOf(await this.inTime((signal) => fetch({ ...payment, signal })))
  }

  private async timed(call: (signal: AbortSignal) => Promise<unknown>): Promise<ProviderOutcome | NotFoundThere> {
    try {
      return outcomeOf(await this.inTime(call))
    } catch (cause) {
      return outcomeOfError(cause)
    }
  }

  /** @throws the signal's reason at the deadline, whatever the call does then; and what the call throws */
  async inTime<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = AbortSignal.timeout(this.deadline.milliseconds)
    let giveUp: (() => void) | undefined
    try {
      return await Promise.race([
        // A provider may also throw before it returns a promise.
        Promise.resolve(signal).then(call),
        new Promise<never>((_, reject) => {
          giveUp = () => {
            reject(signal.reason as Error)
          }
          signal.addEventListener("abort", giveUp, { once: true })
        }),
      ])
    } finally {
      if (giveUp) signal.removeEventListener("abort", giveUp)
    }
  }
}

function callOf(operation: PaymentOperation, signal: AbortSignal): ProviderCall {
  const { client_data, data, private_data, context } = operation.request
  return {
    idempotencyKey: operation.id,
    begunAt: operation.created_at,
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
  return new NotAllowed(`Payment provider ${excerpt(id)} is not available. Choose another one, or try again later.`)
}
