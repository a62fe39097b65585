import { Module, type DynamicModule } from "@nestjs/common"
import { readStripeAccounts } from "./stripe.config.js"

@Module({})
class StripeModule {}

/**
 * The providers of every account with Stripe that the environment describes; undefined when it describes none. Then
 * Stripe's package is not even loaded.
 * @throws ConfigError
 */
export default async function stripeModule(env: NodeJS.ProcessEnv): Promise<DynamicModule | undefined> {
  const accounts = readStripeAccounts(env)
  if (accounts.length === 0) return undefined
  const { providersOf } = await import("./stripe-providers.js")
  return { module: StripeModule, providers: accounts.flatMap(providersOf) }
}
