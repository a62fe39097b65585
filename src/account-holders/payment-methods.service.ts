import { Injectable } from "@nestjs/common"
import type { Caller } from "../api/request-context.js"
import { excerpt, NotFound } from "../common/errors.js"
import { newId } from "../common/ids.js"
import type { AccountHolders, ProviderResult, SavedMethod } from "../payment-providers/contract/index.js"
import { PaymentProviderRegistry } from "../payment-providers/calls/payment-provider.registry.js"
import { isNotThere, valueOf } from "./account-holder.rules.js"
import { AccountHoldersService, type KnownAccountHolder } from "./account-holders.service.js"
import type { SavePaymentMethodRequest } from "./payment-method.dto.js"

/** A call to the provider about the account holder with this id of the provider's. */
type Ask<T> = (customersApi: AccountHolders, externalId: string, signal: AbortSignal) => Promise<ProviderResult<T>>

/**
 * The means of payment that account holders saved with their provider. They are the provider's: nothing of them is kept
 * here, and each request asks. Each throws NotFound for an unknown account holder, and what the provider refuses.
 */
@Injectable()
export class PaymentMethodsService {
  constructor(
    private readonly holders: AccountHoldersService,
    private readonly registry: PaymentProviderRegistry,
  ) {}

  async list(holderId: string): Promise<readonly SavedMethod[]> {
    return valueOf(
      await this.ask(holderId, (customersApi, externalId, signal) => customersApi.listMethods(externalId, signal)),
    )
  }

  /** Begins to save one. The same request, known by its key, begins once. */
  async save(
    holderId: string,
    { data = {} }: SavePaymentMethodRequest,
    { requestKey = newId("idem") }: Caller,
  ): Promise<SavedMethod> {
    return valueOf(
      await this.ask(holderId, (customersApi, externalId, signal) =>
        // A customer that was created anew is another request to the provider.
        customersApi.saveMethod(externalId, data, `${requestKey}-${externalId}`, signal),
      ),
    )
  }

  /** @throws NotFound also for the method of another account holder */
  async delete(holderId: string, id: string): Promise<void> {
    const result = await this.ask(holderId, (customersApi, externalId, signal) =>
      customersApi.removeMethod(externalId, id, signal),
    )
    if (isNotThere(result) || result.outcome === "gone") throw paymentMethodNotFound(id)
    valueOf(result)
  }

  /** A customer that the provider does not know any more is created anew, without the methods that were saved. */
  private async ask<T>(holderId: string, call: Ask<T>): Promise<ProviderResult<T>> {
    const holder = await this.holders.getKnown(holderId)
    const result = await this.askAbout(holder, call)
    if (result.outcome !== "gone") return result
    await this.holders.replace(holder)
    return this.askAbout(await this.holders.getKnown(holderId), call)
  }

  private async askAbout<T>(
    { provider_id, external_id }: KnownAccountHolder,
    call: Ask<T>,
  ): Promise<ProviderResult<T>> {
    const customersApi = this.holders.customersApiOf(provider_id)
    return this.registry.ask({ provider_id, call: "accountHolders" }, (signal) =>
      call(customersApi, external_id, signal),
    )
  }
}

export function paymentMethodNotFound(id: string): NotFound {
  return new NotFound(`Payment method id not found: ${excerpt(id)}`)
}
