import { Injectable } from "@nestjs/common"
import { InjectRepository } from "@nestjs/typeorm"
import { IsNull, Repository, type EntityManager } from "typeorm"
import { ChangedMeanwhile, excerpt, NotAllowed, NotFound } from "../common/errors.js"
import type { Selection } from "../api/fields/fields.js"
import { newId } from "../common/ids.js"
import { readList } from "../api/lists/read-list.js"
import type { PageOf } from "../database/statements/read-page.js"
import type { AccountHolderCall, AccountHolders } from "../payment-providers/contract/index.js"
import { PaymentProviderRegistry } from "../payment-providers/calls/payment-provider.registry.js"
import {
  ACCOUNT_HOLDER_FILTERS,
  type CreateAccountHolderRequest,
  type ListAccountHoldersQuery,
} from "./account-holder.dto.js"
import { AccountHolder } from "./account-holder.entity.js"
import { checkCustomerId, hasToChange, valueOf } from "./account-holder.rules.js"

/** A customer as a provider gets them. */
type Customer = AccountHolderCall["customer"]

/** One that the provider has confirmed. */
export type KnownAccountHolder = AccountHolder & { external_id: string }

/**
 * Customers at the providers. Our row is written first, and its id is the provider's idempotency key. So parallel callers
 * and processes that die in between create one customer there: the next caller sends the same key.
 */
@Injectable()
export class AccountHoldersService {
  constructor(
    @InjectRepository(AccountHolder) private readonly accountHolders: Repository<AccountHolder>,
    private readonly registry: PaymentProviderRegistry,
  ) {}

  /** The account holder of a customer, where the provider knows them already. */
  async find(tx: EntityManager, providerId: string, customerId: string): Promise<KnownAccountHolder | undefined> {
    const holder = await tx.findOneBy(AccountHolder, {
      provider_id: this.keeperOf(providerId),
      customer_id: customerId,
    })
    return holder && isKnown(holder) ? holder : undefined
  }

  /**
   * The account holder of a customer, created if there is none. It writes and calls the provider, so it must not be called
   * inside a transaction.
   *
   * @throws NotAllowed when the provider keeps no account holders, or does not exist
   * @throws PaymentDeclined, ProviderError, InvalidData when the provider refuses; nothing is left to be undone
   * @throws ProviderError retryable, when it does not answer
   * @throws Conflict when the account holder was deleted meanwhile
   */
  async ensure(providerId: string, customer: Customer): Promise<KnownAccountHolder> {
    this.customersApiOf(providerId)
    checkCustomerId(customer.id)
    return (
      (await this.find(this.accountHolders.manager, providerId, customer.id)) ??
      this.open(await this.begin(providerId, customer))
    )
  }

  /** As {@link ensure}. */
  async create(request: CreateAccountHolderRequest): Promise<AccountHolder> {
    const { provider_id, customer_id, email, name, phone } = request
    return this.ensure(provider_id, {
      id: customer_id,
      email: email ?? undefined,
      name: name ?? undefined,
      phone: phone ?? undefined,
    })
  }

  async list(query: ListAccountHoldersQuery, selection: Selection): Promise<PageOf<AccountHolder>> {
    return readList<AccountHolder>(this.accountHolders.manager, selection, ACCOUNT_HOLDER_FILTERS, query)
  }

  /** @throws NotFound */
  async get(id: string): Promise<AccountHolder> {
    const holder = await this.accountHolders.findOneBy({ id })
    if (!holder) throw accountHolderNotFound(id)
    return holder
  }

  /**
   * One that the provider knows. Where a process died before it heard of the provider, the provider is asked again.
   * @throws NotFound, and what {@link ensure} throws
   */
  async getKnown(id: string): Promise<KnownAccountHolder> {
    const holder = await this.get(id)
    return isKnown(holder) ? holder : this.open(holder)
  }

  /**
   * Creates a customer anew that the provider does not know any more. The account holder keeps its id, and parallel calls
   * create one customer. Not to be called inside a transaction.
   *
   * @throws what {@link ensure} throws
   */
  async replace({ id, provider_id, customer_id, email, external_id: replaces }: KnownAccountHolder): Promise<void> {
    const customersApi = this.customersApiOf(provider_id)
    const customer = { id: customer_id, ...(email !== null && { email }) }
    const result = await this.registry.ask({ provider_id, call: "accountHolders.create" }, (signal) =>
      customersApi.create({ idempotencyKey: id, replaces, customer, signal }),
    )
    if (result.outcome === "succeeded") {
      await this.accountHolders.update({ id, external_id: replaces }, { external_id: result.value.id })
    }
    const holder = await this.accountHolders.findOneBy({ id })
    if (!holder) throw changedMeanwhile()
    // Another request may have been first.
    if (holder.external_id === replaces) valueOf(result)
  }

  /**
   * Removes the customer at the provider, with all that was saved there, and then here: what fails in between is done by
   * the next try. A customer that the provider may have created without our
   * knowing is fetched first, so that no customer is left there.
   *
   * @throws NotFound, and what {@link ensure} throws
   */
  async delete(id: string): Promise<void> {
    const { provider_id, external_id } = await this.getKnown(id)
    const customersApi = this.customersApiOf(provider_id)
    const removed = await this.registry.ask({ provider_id, call: "accountHolders.remove" }, (signal) =>
      customersApi.remove(external_id, signal),
    )
    if (removed.outcome !== "gone") valueOf(removed)
    await this.accountHolders.update({ id, deleted_at: IsNull() }, { email: null, deleted_at: new Date() })
  }

  /** @throws NotAllowed when the provider keeps no account holders, or does not exist */
  customersApiOf(providerId: string): AccountHolders {
    const { accountHolders } = this.registry.get(providerId)
    if (accountHolders) return accountHolders
    const hasAny = this.registry.ids.some((id) => this.registry.get(id).accountHolders)
    throw keepsNoAccountHolders(providerId, hasAny)
  }

  /** Providers that share an account share its customers: the first of them stands for all. */
  private keeperOf(providerId: string): string {
    const { accountHolders } = this.registry.get(providerId)
    return this.registry.ids.find((id) => this.registry.get(id).accountHolders === accountHolders) ?? providerId
  }

  /** Inserts our row of the customer, or finds the one that another request inserted first. */
  private async begin(providerId: string, { id, email, name, phone }: Customer): Promise<AccountHolder> {
    const customer = { provider_id: this.keeperOf(providerId), customer_id: id }
    await this.accountHolders
      .createQueryBuilder()
      .insert()
      .values({ id: newId("acchld"), ...customer, email: email ?? null, name: name ?? null, phone: phone ?? null })
      .orIgnore()
      .execute()
    const holder = await this.accountHolders.findOneBy(customer)
    if (!holder) throw changedMeanwhile()
    return holder
  }

  /**
   * Creates the customer at the provider, and stores their id there unless another request was first. The customer's data
   * come from the row, so that a repeated call is the same.
   */
  private async open(holder: AccountHolder): Promise<KnownAccountHolder> {
    const { id, provider_id, customer_id, email, name, phone } = holder
    const customersApi = this.customersApiOf(provider_id)
    const customer = {
      id: customer_id,
      email: email ?? undefined,
      name: name ?? undefined,
      phone: phone ?? undefined,
    }
    const result = await this.registry.ask({ provider_id, call: "accountHolders.create" }, (signal) =>
      customersApi.create({ idempotencyKey: id, customer, signal }),
    )
    const unconfirmed = { id, external_id: IsNull() }
    if (result.outcome === "succeeded") {
      await this.accountHolders.update(unconfirmed, { external_id: result.value.id, name: null, phone: null })
    }
    // With this key the provider would return the same result for ever, so the next request starts with a new one.
    if (hasToChange(result)) await this.accountHolders.delete(unconfirmed)
    // Also if this call got no response: another request's call may have succeeded.
    const opened = await this.accountHolders.findOneBy({ id })
    if (opened && isKnown(opened)) return opened
    valueOf(result)
    throw changedMeanwhile()
  }
}

function isKnown(holder: AccountHolder): holder is KnownAccountHolder {
  return holder.external_id !== null
}

function changedMeanwhile(): ChangedMeanwhile {
  return new ChangedMeanwhile("The account holder was deleted while it was asked for. Retry the request.")
}

export function accountHolderNotFound(id: string): NotFound {
  return new NotFound(`Account holder id not found: ${excerpt(id)}`)
}

/** @param hasAny whether another provider does */
export function keepsNoAccountHolders(providerId: string, hasAny: boolean): NotAllowed {
  const wayOut = hasAny ? "Choose one that does." : "None that the service was started with does."
  return new NotAllowed(`Payment provider ${excerpt(providerId)} keeps no account holders. ${wayOut}`)
}
