import { Injectable } from "@nestjs/common"
import type { Audience } from "../api/fields/fields.js"
import { excerpt, InvalidData, REFUSAL_LIMITS } from "../common/errors.js"
import type { Aggregate } from "../payment-model/aggregate.js"
import { PaymentProviderRegistry } from "../payment-providers/calls/payment-provider.registry.js"
import type { SessionFigures } from "./session-operations.js"

/** Knows with which providers a collection may be paid, and what those providers accept. */
@Injectable()
export class OfferedProviders {
  constructor(private readonly registry: PaymentProviderRegistry) {}

  /** Whether the collection may be paid with a provider. */
  isOffered({ providerIds }: Aggregate, providerId: string): boolean {
    return this.registry.has(providerId) && providerIds.includes(providerId)
  }

  /** @throws InvalidData when the caller may not pay the collection with the provider */
  assertOffered(aggregate: Aggregate, providerId: string, audience: Audience): void {
    const { target } = aggregate
    if (this.isOffered(aggregate, providerId)) {
      const isForStaff = !this.registry.movesMoney(providerId) && !aggregate.regionProviderIds.includes(providerId)
      if (audience === "admin" || !isForStaff) return
      throw new InvalidData(
        `Payment provider ${providerId} moves no money. A shopper may use it only if the cart's region names it: POST /admin/regions/:id.`,
      )
    }
    const place = target.region_id === null ? "" : ` in the cart's region ${target.region_id}`
    const allowed = this.offeredTo(aggregate, audience)
    const message = `Payment provider ${excerpt(providerId)} is not enabled${place}. ${wayOut(aggregate, allowed.length > 0)}`
    throw new InvalidData(message, {
      ...(allowed.length > 0 && { details: [{ field: "provider_id", message: "These are enabled.", allowed }] }),
    })
  }

  /** @throws InvalidData when the provider does not accept the client's data or the amount */
  assertAccepted(
    providerId: string,
    data: object,
    { amount, currency_code }: SessionFigures,
    audience: Audience,
  ): void {
    const { clientFields } = this.registry.get(providerId).capabilities
    const refused =
      clientFields === "any"
        ? []
        : Object.keys(data)
            .filter((name) => !clientFields.includes(name))
            .slice(0, REFUSAL_LIMITS.details)
    if (audience === "store" && refused.length > 0) {
      throw new InvalidData(
        `Invalid request: Unrecognized fields: '${refused.map((name) => `data.${excerpt(name)}`).join(", ")}'`,
        {
          details: refused.map((name) => ({
            field: `data.${name}`,
            message: `Payment provider ${providerId} does not take it from a storefront.`,
            allowed: clientFields as readonly string[],
          })),
        },
      )
    }
    const refusal = this.findAmountRefusal(providerId, { amount, currency_code })
    if (refusal !== undefined) throw new InvalidData(refusal)
  }

  /** Why a provider cannot take an amount; undefined if it can. */
  findAmountRefusal(providerId: string, { amount, currency_code }: SessionFigures): string | undefined {
    const provider = this.registry.get(providerId)
    if (provider.capabilities.callsNetwork && amount === 0n) {
      return `Payment provider ${providerId} takes no payment of zero. Use pp_system_default; for shoppers the operator has to name it in the cart's region with POST /admin/regions/:id.`
    }
    return provider.checkAmount?.({ minor: amount, currency: currency_code }, "payment")
  }

  private offeredTo({ providerIds, regionProviderIds }: Aggregate, audience: Audience): string[] {
    return providerIds
      .filter((id) => this.registry.has(id))
      .filter((id) => audience === "admin" || this.registry.movesMoney(id) || regionProviderIds.includes(id))
      .sort()
  }
}

/** Says how the caller can continue. If no provider is offered, only the operator can change that. */
function wayOut({ target }: Aggregate, hasAny: boolean): string {
  if (target.region_id !== null) {
    return hasAny
      ? "Choose one of the region's providers."
      : "The region has no enabled payment provider: the operator has to name its providers with POST /admin/regions/:id."
  }
  return hasAny
    ? "Choose one that is enabled."
    : "None is enabled that could be used without a region: the operator has to enable one with POST /admin/payments/payment-providers/:id, or to report the cart's region with PUT /admin/carts/:id."
}
