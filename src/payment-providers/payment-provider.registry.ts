import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from "@nestjs/common"
import { DiscoveryService } from "@nestjs/core"
import { DataSource } from "typeorm"
import { PaymentProvider as ProviderRow } from "../payment-model/payment-provider.entity.js"
import { RegisterPaymentProvider, type PaymentProvider } from "./payment-provider.contract.js"

/** The providers that this process was started with. A row in the database alone makes no provider. */
@Injectable()
export class PaymentProviderRegistry implements OnModuleInit, OnApplicationBootstrap {
  private readonly providers = new Map<string, PaymentProvider>()

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly dataSource: DataSource,
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
}
