import { collectionNotFound } from "../not-found.js"
import type { Aggregate } from "../aggregate.js"

/** Whether a key that is confined to sales channels sees objects of a channel. Every key sees objects without a channel. */
export function isInChannels(channel: string | null, salesChannelIds: readonly string[]): boolean {
  return salesChannelIds.length === 0 || channel === null || channel === "" || salesChannelIds.includes(channel)
}

/** The same in SQL, for a key that is confined. */
export function isInChannelsSql(channel: string, salesChannelIds: string): string {
  return `(coalesce(${channel}, '') = '' OR ${channel} = ANY(${salesChannelIds}::text[]))`
}

/**
 * Asserts that a key sees a collection. The cart's current sales channel counts, or the collection's own if it has no cart.
 * @throws NotFound when the key is confined to other sales channels
 */
export function assertVisible(
  { collection, cart }: Pick<Aggregate, "collection" | "cart">,
  salesChannelIds: readonly string[],
): void {
  const channel = cart ? cart.sales_channel_id : collection.sales_channel_id
  if (!isInChannels(channel, salesChannelIds)) throw collectionNotFound(collection.id)
}

/** The same in SQL, for a key that is confined. @param collection the alias of the collection */
export function isVisibleSql(collection: string, salesChannelIds: string): string {
  return isInChannelsSql(channelSql(collection), salesChannelIds)
}

/** SQL for the channel of a collection: its cart's current one, or its own if it has no cart. Empty if it has none. */
export function channelSql(collection: string): string {
  const ofCart = `(SELECT coalesce(cart.sales_channel_id, '') FROM cart WHERE cart.id = ${collection}.cart_id)`
  return `coalesce(${ofCart}, ${collection}.sales_channel_id, '')`
}
