/** Whether a key that is confined to sales channels sees what belongs to a channel. What belongs to none is seen by all. */
export function isInChannels(channel: string | null, salesChannelIds: readonly string[]): boolean {
  return salesChannelIds.length === 0 || channel === null || channel === "" || salesChannelIds.includes(channel)
}

/** The same in SQL, for a key that is confined. */
export function isInChannelsSql(channel: string, salesChannelIds: string): string {
  return `(coalesce(${channel}, '') = '' OR ${channel} = ANY(${salesChannelIds}::text[]))`
}

/** SQL for the channel of a collection: its cart's by now, its own if it has no cart. Empty if it belongs to none. */
export function channelSql(collection: string): string {
  const ofCart = `(SELECT coalesce(cart.sales_channel_id, '') FROM cart WHERE cart.id = ${collection}.cart_id)`
  return `coalesce(${ofCart}, ${collection}.sales_channel_id, '')`
}
