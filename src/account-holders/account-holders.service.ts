import { Injectable } from "@nestjs/common"
import { InjectRepository } from "@nestjs/typeorm"
import { IsNull, Repository, type EntityManager } from "typeorm"
import { ChangedMeanwhile, excerpt, NotAllowed, NotFound } from "../common/errors.js"
import type { Selection } from "../api/fields/fields.js"
import { newId } from "../common/ids.js"
import { readList } from "../api/lists/read-list.js"
import type { PageOf } from "../database/statements/read-page.js"
import type { AccountHolderCall, AccountHolders } from "../payment-providers/contract/payment-provider.contract.js"
import { PaymentProviderRegistry } from "../payment-providers/calls/payment-provider.registry.js"
import {
  ACCOUNT_HOLDER_FILTERS,
  type CreateAccountHolderRequest,
  type ListAccountHoldersQuery,
} from "./account-holder.dto.js"
import { AccountHolder } from "./account-holder.entity.js"
import { checkCustomerId, hasToChange, valueOf } from "./account-holder.rules.js"

/** A customer as a provider is told of them. */
type Customer = AccountHolderCall["customer"]

/** One that the provider has answered for. */
export type KnownAccountHolder = AccountHolder & { external_id: string }

/**
 * Customers in the books of providers. Our row is there first, and its id is the provider's idempotency key: callers at
 * once and processes that die in between make one customer there, for whoever comes next asks with the same key.
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
   * The account holder of a customer, made where there is none. It writes and calls the provider, so that it must not be
   * asked for inside of a transaction.
   *
   * @throws NotAllowed when the provider has no books of customers, or is not there
   * @throws PaymentDeclined, ProviderError, InvalidData when the provider refuses; nothing is left to be undone
   * @throws ProviderError retryable, when it does not answer
   * @throws Conflict when the account holder was deleted meanwhile
   */
  async ensure(providerId: string, customer: Customer): Promise<KnownAccountHolder> {
    this.booksOf(providerId)
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
    const books = this.booksOf(provider_id)
    const customer = { id: customer_id, ...(email !== null && { email }) }
    const result = await this.registry.ask({ provider_id, call: "accountHolders.create" }, (signal) =>
      books.create({ idempotencyKey: id, replaces, customer, signal }),
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
   * the next try. One that the provider may have made without our hearing of it is asked for first, so that nobody is
   * left in its books.
   *
   * @throws NotFound, and what {@link ensure} throws
   */
  async delete(id: string): Promise<void> {
    const { provider_id, external_id } = await this.getKnown(id)
    const books = this.booksOf(provider_id)
    const removed = await this.registry.ask({ provider_id, call: "accountHolders.remove" }, (signal) =>
      books.remove(external_id, signal),
    )
    if (removed.outcome !== "gone") valueOf(removed)
    await this.accountHolders.update({ id, deleted_at: IsNull() }, { email: null, deleted_at: new Date() })
  }

  /** @throws NotAllowed when the provider has no books of customers, or is not there */
  booksOf(providerId: string): AccountHolders {
    const { accountHolders } = this.registry.get(providerId)
    if (accountHolders) return accountHolders
    const hasAny = this.registry.ids.some((id) => this.registry.get(id).accountHolders)
    throw keepsNoAccountHolders(providerId, hasAny)
  }

  /** Providers that share an account share its books: the first of them stands for all. */
  private keeperOf(providerId: string): string {
    const { accountHolders } = this.registry.get(providerId)
    return this.registry.ids.find((id) => this.registry.get(id).accountHolders === accountHolders) ?? providerId
  }

  /** Our row of the customer, or that of whoever was first. */
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
   * Has the provider make the customer, and writes down its id where nobody was first. What is told of the customer is
   * in the row, whoever asks: a call that comes again is to be the same.
   */
  private async open(holder: AccountHolder): Promise<KnownAccountHolder> {
    const { id, provider_id, customer_id, email, name, phone } = holder
    const books = this.booksOf(provider_id)
    const customer = {
      id: customer_id,
      email: email ?? undefined,
      name: name ?? undefined,
      phone: phone ?? undefined,
    }
    const result = await this.registry.ask({ provider_id, call: "accountHolders.create" }, (signal) =>
      books.create({ idempotencyKey: id, customer, signal }),
    )
    const unheardOf = { id, external_id: IsNull() }
    if (result.outcome === "succeeded") {
      await this.accountHolders.update(unheardOf, { external_id: result.value.id, name: null, phone: null })
    }
    // Under this key the provider answers the same for ever; the next request begins with one of its own.
    if (hasToChange(result)) await this.accountHolders.delete(unheardOf)
    // Also where the provider has not answered this call: somebody else's may have got through.
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
