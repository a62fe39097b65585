import { ConfigurableModuleBuilder, Module } from "@nestjs/common"
import type { PaymentCollectionsClientOptions } from "./options.js"
import { PaymentCollectionsClient } from "./payment-collections.client.js"

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<PaymentCollectionsClientOptions>({ moduleName: "PaymentCollectionsClient" })
    .setExtras({ isGlobal: false }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
    .build()

/**
 * Makes {@link PaymentCollectionsClient} injectable: `register({ host, port })`, or `registerAsync({ inject, useFactory })` if the
 * options come from another provider. With `isGlobal` no other module has to import it.
 */
@Module({
  providers: [
    {
      provide: PaymentCollectionsClient,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: PaymentCollectionsClientOptions) => new PaymentCollectionsClient(options),
    },
  ],
  exports: [PaymentCollectionsClient],
})
export class PaymentCollectionsClientModule extends ConfigurableModuleClass {}
