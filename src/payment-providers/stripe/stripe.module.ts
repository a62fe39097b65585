import { Module, type DynamicModule } from "@nestjs/common"
import { readStripeAccounts } from "./stripe.config.js"

@Module({})
class StripeModule {}

/**
 * Creates the providers of every Stripe account that the environment describes. If it describes none, the result is
 * undefined, and Stripe's package is not loaded.
 * @throws ConfigError
 */
export async function stripeProviders(env: NodeJS.ProcessEnv): Promise<DynamicModule | undefined> {
  const accounts = readStripeAccounts(env)
  if (accounts.length === 0) return undefined
  const { providersOf } = await import("./stripe-providers.js")
  return { module: StripeModule, providers: accounts.flatMap(providersOf) }
}
