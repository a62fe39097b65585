import type Stripe from "stripe"
import type {
  AccountHolderCall,
  AccountHolders,
  Declined,
  ProviderData,
  ProviderResult,
  SavedMethod,
} from "../contract/index.js"
import { isDeclined, readSetupData } from "./client-data.js"
import { missingObject, outcomeOfError } from "./errors.js"
import { untilAborted } from "../../common/abort.js"
import type { StripeClients } from "./stripe-client.js"
import type { StripeAccount } from "./stripe.config.js"

/** Stripe's largest page of customers or payment methods. The service reads one page of each shopper. */
const PAGE = 100

/** The customers of an account, and their saved payment methods. */
export class StripeAccountHolders implements AccountHolders {
  constructor(
    private readonly stripe: StripeClients,
    private readonly account: Pick<StripeAccount, "automaticPaymentMethods" | "paymentMethodTypes">,
  ) {}

  /** Replaces a deleted customer under a new idempotency key, because Stripe would replay the deleted one under the old key. */
  async create(call: AccountHolderCall): Promise<ProviderResult<{ id: string }>> {
    const { idempotencyKey: holderId, replaces, customer, signal } = call
    return result(signal, async () => {
      const { id, email, name, phone } = customer
      // Stripe forgets the key after a day; the customer with our id in its metadata stays.
      const known = email === undefined ? [] : await this.find(email, holderId, signal)
      const present = known.find((candidate) => candidate.id !== replaces)
      if (present) return { id: present.id }
      const params = { email, name, phone, metadata: { account_holder_id: holderId, customer_id: id } }
      const idempotencyKey = replaces === undefined ? holderId : `${holderId}-${replaces}`
      const created = await this.stripe(signal).customers.create(params, { idempotencyKey })
      return { id: created.id }
    })
  }

  async remove(holderId: string, signal: AbortSignal): Promise<ProviderResult<null>> {
    return result(signal, async () => {
      try {
        await this.stripe(signal).customers.del(holderId)
      } catch (error) {
        if (missingObject(error) !== "customer") throw error
      }
      return null
    })
  }

  async listMethods(holderId: string, signal: AbortSignal): Promise<ProviderResult<SavedMethod[]>> {
    return result(signal, async () => {
      const { data } = await this.stripe(signal).customers.listPaymentMethods(holderId, { limit: PAGE })
      return data.map(savedMethod)
    })
  }

  /** Creates a setup intent. Its client secret lets the shopper's browser send the means of payment to Stripe. */
  async saveMethod(
    holderId: string,
    data: ProviderData,
    idempotencyKey: string,
    signal: AbortSignal,
  ): Promise<ProviderResult<SavedMethod>> {
    const { automaticPaymentMethods, paymentMethodTypes } = this.account
    const read = readSetupData(data, paymentMethodTypes)
    if (isDeclined(read)) return read
    const types = read.payment_method_types ?? (automaticPaymentMethods ? undefined : [...paymentMethodTypes])
    return result(signal, async () => {
      const params = {
        customer: holderId,
        usage: read.usage,
        ...(types ? { allowed_payment_method_types: types } : { automatic_payment_methods: { enabled: true } }),
      }
      const { id, client_secret, status } = await this.stripe(signal).setupIntents.create(params, { idempotencyKey })
      return { id, data: { id, client_secret, status } }
    })
  }

  async removeMethod(holderId: string, methodId: string, signal: AbortSignal): Promise<ProviderResult<null>> {
    try {
      return await untilAborted(signal, async () => {
        const stripe = this.stripe(signal)
        await stripe.customers.retrievePaymentMethod(holderId, methodId)
        await stripe.paymentMethods.detach(methodId)
        return { outcome: "succeeded", value: null }
      })
    } catch (error) {
      const missing = missingObject(error)
      return missing === undefined || missing === "customer" ? outcomeOfError(error) : noSuchMethod()
    }
  }

  private async find(email: string, holderId: string, signal: AbortSignal): Promise<Stripe.Customer[]> {
    const { data } = await this.stripe(signal).customers.list({ email, limit: PAGE })
    return data.filter(({ metadata }) => metadata["account_holder_id"] === holderId)
  }
}

async function result<T>(signal: AbortSignal, calls: () => Promise<T>): Promise<ProviderResult<T>> {
  try {
    return { outcome: "succeeded", value: await untilAborted(signal, calls) }
  } catch (error) {
    return outcomeOfError(error)
  }
}

/** Returns what a shopper recognizes a card by. It leaves out the fingerprint, which identifies the same card across customers. */
function savedMethod({ id, type, card, created, allow_redisplay }: Stripe.PaymentMethod): SavedMethod {
  const { brand, last4, exp_month, exp_year } = card ?? {}
  return {
    id,
    data: { id, type, ...(card && { card: { brand, last4, exp_month, exp_year } }), created, allow_redisplay },
  }
}

function noSuchMethod(): Declined {
  return {
    outcome: "declined",
    message: "The customer has no such payment method.",
    code: "not_found",
    retryable: false,
    refusedBy: "caller",
  }
}
