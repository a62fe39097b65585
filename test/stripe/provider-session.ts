import { randomUUID } from "node:crypto"
import type { CurrencyCode } from "../../src/common/money.js"
import type {
  PaymentProvider,
  ReturnedData,
  ProviderCall,
  ProviderData,
} from "../../src/payment-providers/contract/index.js"
import { readStripeAccounts } from "../../src/payment-providers/stripe/stripe.config.js"
import { providersOf as ofAccount } from "../../src/payment-providers/stripe/stripe-providers.js"
import type { StripePaymentProvider } from "../../src/payment-providers/stripe/stripe.provider.js"
import type { StripeSandbox } from "../../sandbox/stripe-sandbox.js"

type Method = "initiate" | "update" | "authorize" | "capture" | "refund" | "cancel"
type About = Partial<ProviderCall> & { readonly minor?: bigint }

/** The providers of the accounts that the environment describes, by their ids. */
export function providersOf(env: NodeJS.ProcessEnv): Map<string, StripePaymentProvider> {
  const registered = readStripeAccounts(env).flatMap(ofAccount)
  const made = registered.flatMap((entry) =>
    typeof entry === "object" && "useFactory" in entry ? [entry.useFactory() as StripePaymentProvider] : [],
  )
  return new Map(made.map((provider) => [provider.id, provider]))
}

/** A provider of an account with a fake Stripe that takes cards; settings say what is otherwise. */
export function providerOf(
  stripe: StripeSandbox,
  settings: NodeJS.ProcessEnv = {},
  id = "pp_stripe_stripe",
): StripePaymentProvider {
  const env = {
    STRIPE_API_KEY: stripe.apiKey,
    STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
    STRIPE_API_BASE: stripe.url,
    STRIPE_PAYMENT_METHOD_TYPES: "card,sepa_debit",
    STRIPE_RETURN_ORIGINS: "https://shop.example",
    ...settings,
  }
  const provider = providersOf(env).get(id)
  if (!provider) throw new Error(`There is no provider ${id}`)
  return provider
}

/** A session, as the service keeps it: what the provider leaves replaces what it left before. */
export class Session {
  readonly id = newId("payses")
  data: ProviderData = {}
  privateData: ProviderData = {}

  constructor(
    readonly provider: PaymentProvider,
    readonly minor = 1000n,
    readonly currency: CurrencyCode = "eur",
  ) {}

  get intentId(): string {
    return String(this.privateData["payment_intent"])
  }

  call({ minor = this.minor, ...about }: About = {}): ProviderCall {
    return {
      idempotencyKey: newId("op"),
      startedAt: new Date(),
      sessionId: this.id,
      amount: { minor, currency: this.currency },
      clientData: {},
      data: this.data,
      privateData: this.privateData,
      context: {},
      signal: AbortSignal.timeout(20_000),
      ...about,
    }
  }

  async does(method: Method, about: About = {}) {
    return this.repeats(method, this.call(about))
  }

  async repeats(method: Method, call: ProviderCall) {
    const outcome = await this.provider[method](call)
    const { data, privateData }: ReturnedData = "data" in outcome ? outcome : {}
    this.data = data ?? this.data
    this.privateData = privateData ?? this.privateData
    return outcome
  }
}

export function newId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll("-", "").slice(0, 26).toUpperCase()}`
}
