import { Module, type DynamicModule } from "@nestjs/common"
import {
  RegisterPaymentProvider,
  type InspectCall,
  type LookUpCall,
  type PaymentProvider,
  type ProviderCall,
} from "../../src/payment-providers/contract/index.js"
import type { TellingAccount } from "./telling-account.js"

/** A provider over an account, which it may share with others. */
@RegisterPaymentProvider()
export class TellingProvider implements PaymentProvider {
  readonly capabilities = { multicapture: true, callsNetwork: true, clientFields: "any" } as const

  constructor(
    readonly id: string,
    readonly webhooks: TellingAccount,
  ) {}

  initiate = (call: ProviderCall) => this.webhooks.take("initiate", call)
  update = (call: ProviderCall) => this.webhooks.take("update", call)
  authorize = (call: ProviderCall) => this.webhooks.take("authorize", call)
  capture = (call: ProviderCall) => this.webhooks.take("capture", call)
  refund = (call: ProviderCall) => this.webhooks.take("refund", call)
  cancel = (call: ProviderCall) => this.webhooks.take("cancel", call)
  lookUp = (call: LookUpCall) => this.webhooks.lookUp(call)
  inspect = ({ sessionId }: InspectCall) => this.webhooks.report(sessionId)
}

@Module({})
class TellingModule {}

/** Two providers that share an account, and one with another account. */
export function tellingProviders(account: TellingAccount, other: TellingAccount): DynamicModule {
  const providers = [
    new TellingProvider("pp_telling_default", account),
    new TellingProvider("pp_telling-bank_default", account),
    new TellingProvider("pp_telling_other", other),
  ]
  return { module: TellingModule, providers: providers.map((useValue) => ({ provide: useValue.id, useValue })) }
}
