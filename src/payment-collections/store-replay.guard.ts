import { Injectable } from "@nestjs/common"
import { DataSource } from "typeorm"
import type { Caller } from "../api/request-context.js"
import { CartNotFound } from "../carts/cart-not-found.js"
import { prepared } from "../database/statements/prepared.js"
import { ReplayGuard, type StoreSubject } from "../idempotency/replay-guard.js"
import { collectionNotFound } from "../payment-model/not-found.js"
import { channelSql, isInChannels } from "../payment-model/rules/visibility.rules.js"

/** SQL for the channel of a subject, and the error for a request that does not see the subject. */
const SUBJECTS = {
  cart: {
    channel: prepared`SELECT sales_channel_id AS channel FROM cart WHERE id = $1`,
    notFound: (id: string) => new CartNotFound(id, "cart_id"),
  },
  // A deleted one too: what was stored of it tells as much.
  payment_collection: {
    channel: prepared`SELECT ${channelSql("collection")} AS channel FROM payment_collection collection WHERE id = $1`,
    notFound: collectionNotFound,
  },
} satisfies Record<StoreSubject["kind"], object>

/** Judges the replay of a store request by the channels that the key and the cart have now. */
@Injectable()
export class StoreReplayGuard extends ReplayGuard {
  constructor(private readonly dataSource: DataSource) {
    super()
  }

  override async check({ kind, id }: StoreSubject, { salesChannelIds }: Caller): Promise<void> {
    if (salesChannelIds.length === 0) return
    const { channel, notFound } = SUBJECTS[kind]
    const [found] = await this.dataSource.query<{ channel: string | null }[]>(channel, [id])
    // Nothing is known of what is not there, so that a stored refusal is given again.
    if (found && !isInChannels(found.channel, salesChannelIds)) throw notFound(id)
  }
}
