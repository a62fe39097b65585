import { Injectable } from "@nestjs/common"
import { DataSource, type EntityManager } from "typeorm"
import { AccountHoldersService, type KnownAccountHolder } from "../account-holders/account-holders.service.js"
import type { Aggregate } from "../payment-model/aggregate.js"
import type { PaymentSession } from "../payment-model/entities/payment-session.entity.js"
import type { Decision } from "../payment-providers/calls/operation-runner.js"
import { PaymentProviderRegistry } from "../payment-providers/calls/payment-provider.registry.js"

/** Finds and creates the account holders of the customers that sessions belong to. */
@Injectable()
export class SessionCustomers {
  constructor(
    private readonly dataSource: DataSource,
    private readonly registry: PaymentProviderRegistry,
    private readonly holders: AccountHoldersService,
  ) {}

  /**
   * Finds the account holder of the cart's customer. If the provider has none yet, the next step is to create one.
   * @returns undefined for a guest, and when the provider keeps no account holders
   */
  async findHolder(
    aggregate: Aggregate,
    tx: EntityManager,
    providerId: string,
  ): Promise<KnownAccountHolder | Extract<Decision, { kind: "prepare" }> | undefined> {
    const customer = this.registry.get(providerId).accountHolders && customerOf(aggregate)
    if (!customer) return undefined
    const holder = await this.holders.find(tx, providerId, customer.id)
    return holder ?? { kind: "prepare", prepare: () => this.holders.ensure(providerId, customer) }
  }

  /** Creates the account holder of a session's customer again, unless another request has already done so. */
  async replaceHolderOf(session: PaymentSession): Promise<void> {
    const customerId = customerIdOf(session)
    if (customerId === null) return
    const holder = await this.holders.find(this.dataSource.manager, session.provider_id, customerId)
    if (holder && holder.external_id === holderIdOf(session)) await this.holders.replace(holder)
  }

  /** Creates an account holder again that its provider no longer knows. */
  async replaceHolder(holder: KnownAccountHolder): Promise<void> {
    await this.holders.replace(holder)
  }
}

/** The id of the account holder that the provider has for the session's customer. */
export function holderIdOf({ context }: PaymentSession): string | undefined {
  const holder = context?.["account_holder"] as { id: string } | undefined
  return holder?.id
}

/** The customer that the cart belongs to; undefined for a guest. */
function customerOf({ cart }: Aggregate): { id: string; email?: string } | undefined {
  if (!cart?.customer_id) return undefined
  return { id: cart.customer_id, ...(cart.email !== null && { email: cart.email }) }
}

/** The shop's id of the session's customer; null for a guest. */
export function customerIdOf({ context }: PaymentSession): string | null {
  const customer = context?.["customer"] as { id?: string } | undefined
  return customer?.id ?? null
}

/** Whether a session belongs to the cart's customer. */
export function isOfCustomer(session: PaymentSession | undefined, { cart }: Aggregate): boolean {
  return !session || !cart || customerIdOf(session) === cart.customer_id
}

/** The context for the provider: who pays, as far as the cart says so. */
export function contextOf({ cart }: Aggregate, holder?: KnownAccountHolder): Record<string, unknown> {
  const account_holder = holder && { account_holder: { id: holder.external_id } }
  if (!cart || (cart.customer_id === null && cart.email === null)) return { ...account_holder }
  return {
    customer: {
      ...(cart.customer_id !== null && { id: cart.customer_id }),
      ...(cart.email !== null && { email: cart.email }),
    },
    ...account_holder,
  }
}
