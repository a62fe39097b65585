import { Module, type DynamicModule } from "@nestjs/common"
import type { ConnectionOptions } from "node:tls"
import { Connection } from "./connection.js"
import { PaymentCollectionsClient } from "./payment-collections.client.js"

export interface PaymentCollectionsClientOptions {
  host: string
  port: number
  /** The name of the calling service; `created_by` of what it causes is `tcp:` and this name. */
  caller?: string
  /** The token of the service, where its operator set one (TCP_TOKEN). */
  token?: string
  /** Where the service listens with TLS: the CA to trust, and what else Node's `tls.connect` takes. */
  tls?: ConnectionOptions
  /** Milliseconds that a call may take; 25000 unless given, for a provider may be slow. */
  deadline?: number
}

/** Makes {@link PaymentCollectionsClient} injectable: `PaymentCollectionsClientModule.register({ host, port })`. */
@Module({})
export class PaymentCollectionsClientModule {
  static register({
    host,
    port,
    tls,
    caller,
    token,
    deadline = 25_000,
  }: PaymentCollectionsClientOptions): DynamicModule {
    return {
      module: PaymentCollectionsClientModule,
      providers: [
        {
          provide: PaymentCollectionsClient,
          useFactory: () => {
            const connection = new Connection({ host, port, ...(tls && { tlsOptions: tls }) }, deadline)
            return new PaymentCollectionsClient(connection, { caller, token, deadline })
          },
        },
      ],
      exports: [PaymentCollectionsClient],
    }
  }
}
