import type { ConnectionOptions } from "node:tls"

export interface PaymentCollectionsClientOptions {
  /** The TCP host of the payment service. */
  host: string
  /** The TCP port of the payment service; 9001 unless its operator set TCP_PORT. */
  port: number
  /** The name of the calling service; `created_by` of what it causes is `tcp:` and this name. */
  caller?: string
  /** The TCP_TOKEN of the service, if its operator set one. */
  token?: string
  /** If the service listens with TLS: the CA to trust, a client certificate, and what else Node's `tls.connect` takes. */
  tls?: ConnectionOptions
  /** Milliseconds that a call may take, connecting included; 25,000 unless given, because a provider may be slow. */
  deadline?: number
}

export const DEFAULT_DEADLINE = 25_000
