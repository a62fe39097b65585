import type { Money } from "../common/money.js"
import type { PaymentProvider, ProviderData } from "../payment-providers/contract/index.js"

/** A session that a check opened with the provider. */
export interface KitSession {
  readonly id: string
  readonly amount: Money
  /** The data that the provider returned for the storefront (`data`) and for itself (`privateData`). */
  readonly data: ProviderData
  readonly privateData: ProviderData
}

/** The amounts of a session in the provider's own records, in minor units. */
export interface ProviderRecords {
  /** The authorized amount, including what was captured of it. */
  readonly authorized: bigint
  readonly captured: bigint
  readonly refunded: bigint
}

type Act<Arguments extends unknown[]> = (...about: Arguments) => void | Promise<void>

/**
 * Gives the checks a provider, and control over its service: a sandbox or a stand-in. Every part but `provider` is optional.
 * If a part is missing, the checks that need it do not run, and their names say so.
 */
export interface ProviderHarness {
  /** Creates the provider. Every check creates its own. */
  readonly provider: () => PaymentProvider | Promise<PaymentProvider>
  /** The data that a storefront sends to open a session. */
  readonly clientData?: ProviderData
  /**
   * The amounts of the sessions. Most checks use the first; the others test exactness. At least 100 minor units each.
   * Default: one amount each of a currency with two decimals, with none, and with three.
   */
  readonly amounts?: readonly [Money, ...Money[]]
  readonly shopper?: {
    /** Does the shopper's part of an authorization. Leave it out if there is none. */
    readonly authorizes?: Act<[KitSession]>
    /** Makes the authorization of the session be declined. */
    readonly declines?: Act<[KitSession]>
    /** Makes the provider require one more step of the shopper before the session is authorized. */
    readonly isAskedForMore?: Act<[KitSession]>
  }
  /** Changes a payment at the provider, without notice to this service. */
  readonly dashboard?: {
    /** Makes the provider not know the payment, as if it belonged to another account. */
    readonly forgets?: Act<[KitSession]>
    /** Captures all that is authorized. */
    readonly captures?: Act<[KitSession]>
    /** Cancels the authorization. */
    readonly cancels?: Act<[KitSession]>
    /** Refunds all that is captured. */
    readonly refunds?: Act<[KitSession]>
  }
  readonly records?: (session: KitSession) => ProviderRecords | Promise<ProviderRecords>
  /** The values that must not reach a storefront, such as keys, tokens and internal ids, given the private data. */
  readonly secrets?: (privateData: ProviderData) => readonly string[]
  readonly network?: {
    /** The provider's service executes the next call, but its response is lost. */
    readonly losesNextResponse?: Act<["authorize" | "capture"]>
    /** The provider's service does not respond to the next call. */
    readonly ignoresNextCall?: Act<["authorize" | "capture"]>
  }
  /** Milliseconds until a pending call has its outcome; 5,000 by default. */
  readonly patience?: number
}
