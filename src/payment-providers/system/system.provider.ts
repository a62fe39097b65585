import { Injectable } from "@nestjs/common"
import {
  RegisterPaymentProvider,
  type PaymentProvider,
  type ProviderCall,
  type ProviderOutcome,
} from "../contract/index.js"

/** The id of the provider that is always there. */
export const SYSTEM_PROVIDER_ID = "pp_system_default"

/**
 * Payment outside of any provider: cash, invoice, a bank transfer that people look after. It agrees to everything,
 * calls no network, and echoes the JSON object that the client sent.
 */
@Injectable()
@RegisterPaymentProvider()
export class SystemPaymentProvider implements PaymentProvider {
  readonly id = SYSTEM_PROVIDER_ID
  readonly capabilities = {
    multicapture: true,
    callsNetwork: false,
    movesMoney: false,
    clientFields: "any",
  } as const

  initiate({ clientData }: ProviderCall): Promise<ProviderOutcome> {
    return Promise.resolve({ outcome: "pending", data: clientData })
  }

  update(call: ProviderCall): Promise<ProviderOutcome> {
    return this.initiate(call)
  }

  authorize(call: ProviderCall): Promise<ProviderOutcome> {
    return agree(call)
  }

  capture(call: ProviderCall): Promise<ProviderOutcome> {
    return agree(call)
  }

  refund(call: ProviderCall): Promise<ProviderOutcome> {
    return agree(call)
  }

  cancel(call: ProviderCall): Promise<ProviderOutcome> {
    return agree(call)
  }

  lookUp(call: ProviderCall): Promise<ProviderOutcome> {
    return agree(call)
  }
}

function agree({ amount }: ProviderCall): Promise<ProviderOutcome> {
  return Promise.resolve({ outcome: "succeeded", amount })
}
