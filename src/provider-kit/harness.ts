import type { Money } from "../common/money.js"
import type { PaymentProvider, ProviderData } from "../payment-providers/contract/payment-provider.contract.js"

/** A session that a check has opened with the provider. */
export interface KitSession {
  readonly id: string
  readonly amount: Money
  /** What the provider has left for the storefront, and for itself. */
  readonly data: ProviderData
  readonly privateData: ProviderData
}

/** What the provider's own books say of a session, in minor units. */
export interface ProviderRecords {
  /** What the shopper has authorized; what was captured of it counts on. */
  readonly authorized: bigint
  readonly captured: bigint
  readonly refunded: bigint
}

type Act<Arguments extends unknown[]> = (...about: Arguments) => void | Promise<void>

/**
 * How the checks get at a provider, and at the world around it: a sandbox, or a stand-in for the provider's service.
 * What is left out here leaves out the checks that need it, and their names say so.
 */
export interface ProviderHarness {
  /** Makes the provider; every check asks for one. */
  readonly provider: () => PaymentProvider | Promise<PaymentProvider>
  /** What a storefront sends to open a session. */
  readonly clientData?: ProviderData
  /**
   * What sessions are opened for; the first for most checks, the others to see that they are exact. At least 100 minor
   * units each; by default one each of a currency with two decimals, with none, and with three.
   */
  readonly amounts?: readonly [Money, ...Money[]]
  readonly shopper?: {
    /** The shopper does what an authorization needs; absent where it needs nothing. */
    readonly authorizes?: Act<[KitSession]>
    /** Sees to it that the authorization of the session is declined. */
    readonly declines?: Act<[KitSession]>
    /** Sees to it that the shopper has to do more, once, before the session is authorized. */
    readonly isAskedForMore?: Act<[KitSession]>
  }
  /** What somebody does to the payment at the provider, so that this service does not hear of it. */
  readonly dashboard?: {
    /** The provider does not know the payment any more, as if another account had it. */
    readonly forgets?: Act<[KitSession]>
    /** Captures all that is authorized. */
    readonly captures?: Act<[KitSession]>
    /** Cancels the authorization. */
    readonly cancels?: Act<[KitSession]>
    /** Refunds all that is captured. */
    readonly refunds?: Act<[KitSession]>
  }
  readonly records?: (session: KitSession) => ProviderRecords | Promise<ProviderRecords>
  /** What must not reach a storefront, given what the provider has left for itself: keys, tokens, ids of its own. */
  readonly secrets?: (privateData: ProviderData) => readonly string[]
  readonly network?: {
    /** The provider's service does the next call, but its answer is lost. */
    readonly losesNextResponse?: Act<["authorize" | "capture"]>
    /** The provider's service leaves the next call unanswered. */
    readonly ignoresNextCall?: Act<["authorize" | "capture"]>
  }
  /** Milliseconds that a call that was taken on gets to be through; 5 seconds by default. */
  readonly patience?: number
}
