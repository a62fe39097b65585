import type { Provider } from "@nestjs/common"
import { StripeAccountHolders } from "./account-holders.js"
import { createClients } from "./stripe-client.js"
import type { StripeAccount } from "./stripe.config.js"
import { StripePaymentProvider, type StripeShared } from "./stripe.provider.js"
import { VARIANTS } from "./variants.js"
import { StripeWebhooks } from "./webhooks.js"

/** Creates the providers of an account, one per means of payment as in Medusa. They share its webhooks and customers. */
export function providersOf(account: StripeAccount): Provider[] {
  const stripe = createClients(account)
  const shared: StripeShared = {
    stripe,
    accountHolders: new StripeAccountHolders(stripe, account),
    ...(account.webhookSecrets.length > 0 && { webhooks: new StripeWebhooks(stripe, account) }),
  }
  return VARIANTS.map((variant) => ({
    provide: `payment-provider:${variant.identifier}_${account.id}`,
    useFactory: () => new StripePaymentProvider({ account, variant }, shared),
  }))
}
