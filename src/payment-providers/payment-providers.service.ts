import { Injectable, Logger, type OnApplicationBootstrap } from "@nestjs/common"
import { InjectRepository } from "@nestjs/typeorm"
import { In, Repository } from "typeorm"
import { excerpt, NotAllowed, NotFound, REFUSAL_LIMITS } from "../common/errors.js"
import type { Selection } from "../api/fields/fields.js"
import type { ShortListQuery } from "../api/lists/list-query.js"
import { ROOT } from "../database/statements/read-graph.js"
import { readList } from "../api/lists/read-list.js"
import type { PageOf } from "../database/statements/read-page.js"
import { PaymentProvider } from "../payment-model/entities/payment-provider.entity.js"
import { PROVIDER_FILTERS, type ListPaymentProvidersQuery } from "./payment-provider.dto.js"
import { PaymentProviderRegistry } from "./calls/payment-provider.registry.js"
import { Region, RegionPaymentProvider } from "./region.entity.js"

/** How many regions a warning names. */
const REGIONS_NAMED = 10

/** The payment providers, whether they are enabled, and which ones each region offers. */
@Injectable()
export class PaymentProvidersService implements OnApplicationBootstrap {
  private readonly log = new Logger(PaymentProvidersService.name)

  constructor(
    @InjectRepository(PaymentProvider) private readonly providers: Repository<PaymentProvider>,
    @InjectRepository(Region) private readonly regions: Repository<Region>,
    @InjectRepository(RegionPaymentProvider) private readonly links: Repository<RegionPaymentProvider>,
    private readonly registry: PaymentProviderRegistry,
  ) {}

  /** A shopper who may choose how to pay chooses the provider that authorizes without money. */
  async onApplicationBootstrap(): Promise<void> {
    const regions = await this.findMixedRegions()
    if (regions.length === 0) return
    this.log.warn(
      `Shoppers can get goods without paying: regions ${regions.join(", ")} offer a provider that moves no money beside ` +
        "one that does. Change them with POST /admin/regions/:id, unless that is what you want.",
    )
  }

  /** The first regions that offer both a provider that moves no money and one that does. */
  async findMixedRegions(): Promise<string[]> {
    const moving = this.registry.ids.filter((id) => this.registry.movesMoney(id))
    const others = this.registry.ids.filter((id) => !this.registry.movesMoney(id))
    const rows = await this.links
      .createQueryBuilder("link")
      .innerJoin("link.payment_provider", "provider", "provider.is_enabled")
      .select("link.region_id", "region_id")
      .groupBy("link.region_id")
      .having("bool_or(provider.id = ANY(:moving)) AND bool_or(provider.id = ANY(:others))", { moving, others })
      .orderBy("link.region_id")
      .limit(REGIONS_NAMED)
      .getRawMany<{ region_id: string }>()
    return rows.map(({ region_id }) => region_id)
  }

  /** The providers that a region offers; none for a region that was never configured, as in Medusa. */
  async listOfRegion(regionId: string, query: ShortListQuery, selection: Selection): Promise<PageOf<PaymentProvider>> {
    if (regionId === "") throw new NotAllowed("You must provide the region_id to list payment providers")
    return readList<PaymentProvider>(
      this.providers.manager,
      selection,
      {},
      { ...query },
      {
        where:
          `${ROOT}.id = ANY($1) AND EXISTS (SELECT 1 FROM region_payment_provider link ` +
          `WHERE link.region_id = $2 AND link.payment_provider_id = ${ROOT}.id)`,
        parameters: [this.registry.ids, regionId],
      },
    )
  }

  async list(query: ListPaymentProvidersQuery, selection: Selection): Promise<PageOf<PaymentProvider>> {
    const scope = { where: `${ROOT}.id = ANY($1)`, parameters: [this.registry.ids] }
    return readList<PaymentProvider>(this.providers.manager, selection, PROVIDER_FILTERS, query, scope)
  }

  /** A disabled provider opens no session anywhere; payments made with it continue. */
  async enable(id: string, isEnabled: boolean): Promise<PaymentProvider> {
    if (!this.registry.has(id)) throw providerNotFound(id, this.registry.ids)
    await this.providers.update({ id }, { is_enabled: isEnabled })
    return this.providers.findOneByOrFail({ id })
  }

  /** Makes a region known, and replaces the set of providers that it offers. */
  async configureRegion(regionId: string, providerIds: readonly string[]): Promise<string[]> {
    const ids = [...new Set(providerIds)]
    await this.regions.manager.transaction(async (tx) => {
      const enabled = await tx.findBy(PaymentProvider, { id: In(this.registry.ids), is_enabled: true })
      const usable = new Set(enabled.map((provider) => provider.id))
      const refused = ids.filter((id) => !usable.has(id))
      if (refused.length > 0) throw providersNotEnabled(refused, [...usable].sort())
      // The row is locked until the set is whole: of two parallel calls one set wins, never a mixture.
      await tx
        .createQueryBuilder()
        .insert()
        .into(Region)
        .values({ id: regionId })
        .orUpdate(["updated_at"], ["id"])
        .updateEntity(false)
        .execute()
      await tx.delete(RegionPaymentProvider, { region_id: regionId })
      if (ids.length > 0) {
        await tx.insert(
          RegionPaymentProvider,
          ids.map((id) => ({ region_id: regionId, payment_provider_id: id })),
        )
      }
    })
    return ids.sort()
  }

  async getRegion(regionId: string): Promise<string[]> {
    const region = await this.regions.findOneBy({ id: regionId })
    if (!region) throw regionNotFound(regionId)
    const links = await this.links.find({
      where: { region_id: regionId },
      order: { payment_provider_id: "ASC" },
    })
    return links.map((link) => link.payment_provider_id)
  }
}

/** @param known the providers that the service was started with */
export function providerNotFound(id: string, known: readonly string[]): NotFound {
  return new NotFound(`Payment provider id not found: ${excerpt(id)}`, {
    details: [{ field: "id", message: "The service was started with these.", allowed: known }],
  })
}

export function regionNotFound(id: string): NotFound {
  return new NotFound(`Region id not found: ${excerpt(id)}. Make it known with POST /admin/regions/:id.`)
}

export function providersNotEnabled(ids: readonly string[], enabled: readonly string[]): NotFound {
  const named = ids.slice(0, REFUSAL_LIMITS.details).map(excerpt).join(", ")
  return new NotFound(`Payment providers with ids ${named} not found or not enabled`, {
    details: [
      {
        field: "payment_providers",
        message:
          "These are enabled. POST /admin/payments/payment-providers/:id enables another that the service was started with.",
        allowed: enabled,
      },
    ],
  })
}
