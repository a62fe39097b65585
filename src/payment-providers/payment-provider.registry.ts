import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from "@nestjs/common"
import { DiscoveryService } from "@nestjs/core"
import { DataSource } from "typeorm"
import type { PaymentOperation } from "../payment-model/payment-operation.entity.js"
import { PaymentProvider as ProviderRow } from "../payment-model/payment-provider.entity.js"
import type { OperationKind } from "../payment-model/status.js"
import { NotAllowed } from "../common/errors.js"
import {
  RegisterPaymentProvider,
  type NotFoundThere,
  type PaymentProvider,
  type ProviderCall,
  type ProviderOutcome,
} from "./payment-provider.contract.js"
import { ProviderDeadline } from "./provider-deadline.js"

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
    for (const { instance } of this.discovery.getProviders({ metadataKey: RegisterPaymentProvider.KEY })) {
      const provider = instance as PaymentProvider
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

  /** @throws NotAllowed when the service was not started with it */
  get(id: string): PaymentProvider {
    const provider = this.providers.get(id)
    if (!provider) {
      throw new NotAllowed(`Payment provider ${id} is not part of this service any more. Start it with the provider.`)
    }
    return provider
  }

  /** Asks for what the operation says. */
  async call(operation: PaymentOperation): Promise<ProviderOutcome> {
    const provider = this.get(operation.provider_id)
    return this.timed((signal) => provider[METHODS[operation.kind]](callOf(operation, signal)))
  }

  /** Asks how the operation ended; one that the provider has never seen is asked for again, with the same key. */
  async settle(operation: PaymentOperation): Promise<ProviderOutcome> {
    const provider = this.get(operation.provider_id)
    const found = await this.timed<ProviderOutcome | NotFoundThere>((signal) =>
      provider.lookUp({ ...callOf(operation, signal), operation: operation.kind }),
    )
    return found.outcome === "not_found" ? this.call(operation) : found
  }

  private async timed<O>(call: (signal: AbortSignal) => Promise<O>): Promise<O | ProviderOutcome> {
    const signal = AbortSignal.timeout(this.deadline.milliseconds)
    let giveUp: (() => void) | undefined
    try {
      return await Promise.race([
        // A provider may also throw before it returns a promise.
        Promise.resolve(signal).then(call),
        new Promise<ProviderOutcome>((resolve) => {
          giveUp = () => {
            resolve({ outcome: "unknown", cause: signal.reason })
          }
          signal.addEventListener("abort", giveUp, { once: true })
        }),
      ])
    } catch (cause) {
      return { outcome: "unknown", cause }
    } finally {
      if (giveUp) signal.removeEventListener("abort", giveUp)
    }
  }
}

function callOf(operation: PaymentOperation, signal: AbortSignal): ProviderCall {
  const { client_data, data, private_data, context } = operation.request
  return {
    idempotencyKey: operation.id,
    sessionId: operation.payment_session_id,
    amount: { minor: operation.amount, currency: operation.currency_code },
    clientData: client_data,
    data,
    privateData: private_data,
    context,
    signal,
  }
}
