import type { OwnProviders } from "./provider-modules.js"
import { stripeProviders } from "./stripe/stripe.module.js"

/**
 * The payment providers that come with this service and need settings. To take one away, delete its entry and its folder.
 * The system provider is not here, because the service itself uses it.
 */
export const OWN_PROVIDERS: readonly OwnProviders[] = [stripeProviders]
