import type Stripe from "stripe"

interface Response<Body> {
  readonly status: number
  readonly body: Body
}

/** An event on its way to the service, as `GET /_control/deliveries` shows it. */
export interface ShownDelivery {
  readonly event: string
  readonly type: string
  readonly state: "held" | "sending" | "retrying" | "delivered" | "failed"
  readonly attempts: number
  readonly status: number | null
}

/** The control routes of a sandbox, as people use them: JSON over HTTP. Each method throws unless it succeeds. */
export class SandboxControls {
  constructor(private readonly url: string) {}

  pay(paymentIntent: string, card = "ok", authentication?: "complete" | "fail"): Promise<Stripe.PaymentIntent> {
    return this.post("pay", { payment_intent: paymentIntent, card, authentication })
  }

  authenticate(paymentIntent: string, authentication: "complete" | "fail"): Promise<Stripe.PaymentIntent> {
    return this.post("pay", { payment_intent: paymentIntent, authentication })
  }

  capture(paymentIntent: string, amount?: number, final?: boolean): Promise<Stripe.PaymentIntent> {
    return this.post("capture", { payment_intent: paymentIntent, amount, final })
  }

  cancel(paymentIntent: string): Promise<Stripe.PaymentIntent> {
    return this.post("cancel", { payment_intent: paymentIntent })
  }

  refund(paymentIntent: string, amount?: number): Promise<Stripe.Refund> {
    return this.post("refund", { payment_intent: paymentIntent, amount })
  }

  dispute(paymentIntent: string, outcome?: "won" | "lost", amount?: number): Promise<Stripe.Dispute> {
    return this.post("dispute", { payment_intent: paymentIntent, outcome, amount })
  }

  /** @param request method and path: `POST /v1/refunds` */
  fail(request: string, fault: string, times?: number): Promise<unknown> {
    const [method, path] = request.split(" ")
    return this.post("fail", { method, path, fault, times })
  }

  clearFaults(): Promise<unknown> {
    return this.post("fail", { clear: true })
  }

  delete(id: string): Promise<unknown> {
    return this.post("delete", { id })
  }

  deliver(target: { url?: string | null; secret?: string; paused?: boolean }): Promise<unknown> {
    return this.post("deliver", target)
  }

  settings(settings: object): Promise<unknown> {
    return this.post("settings", settings)
  }

  advance(seconds: number): Promise<{ now: number; events: { id: string; type: string }[] }> {
    return this.post("advance", { seconds })
  }

  /** The newest first. */
  async objects<T>(type: string): Promise<T[]> {
    return (await this.get<{ data: T[] }>(`objects?type=${type}&limit=1000`)).data
  }

  async intent(id: string): Promise<Stripe.PaymentIntent> {
    const { data } = await this.get<{ data: [Stripe.PaymentIntent] }>(`objects?type=payment_intent&id=${id}`)
    return data[0]
  }

  async deliveries(): Promise<ShownDelivery[]> {
    return (await this.get<{ data: ShownDelivery[] }>("deliveries?limit=1000")).data
  }

  /** A request as it is, whatever the response. */
  async send<Body = any>(method: string, path: string, body?: string): Promise<Response<Body>> {
    const response = await fetch(`${this.url}/_control${path}`, { method, body })
    return { status: response.status, body: (await response.json()) as Body }
  }

  private post<T>(name: string, fields: object): Promise<T> {
    return this.succeed("POST", `/${name}`, JSON.stringify(fields))
  }

  private get<T>(path: string): Promise<T> {
    return this.succeed("GET", `/${path}`)
  }

  private async succeed<T>(method: string, path: string, sent?: string): Promise<T> {
    const { status, body } = await this.send<T>(method, path, sent)
    if (status === 200) return body
    throw new Error(`${method} ${path} ${sent ?? ""}: ${status} ${JSON.stringify(body)}`)
  }
}
