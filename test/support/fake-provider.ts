import { Inject, Injectable, Module, type DynamicModule } from "@nestjs/common"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import {
  RegisterPaymentProvider,
  type LookUpCall,
  type CallNotFound,
  type PaymentProvider,
  type ProviderCall,
  type ProviderCapabilities,
  type ProviderOutcome,
} from "../../src/payment-providers/contract/index.js"
import type { BankAnswer, BankRequest, FakeBank } from "./fake-bank.js"

export { FakeBank, type Behaviour, type BankAccount, type BankCall } from "./fake-bank.js"

/** How a provider reaches its bank; the signal ends a call that nobody waits for any more. */
export abstract class BankLine {
  abstract send(request: BankRequest, signal: AbortSignal): Promise<BankAnswer>
}

/** A card provider over a {@link FakeBank}. */
@Injectable()
@RegisterPaymentProvider()
export class FakePaymentProvider implements PaymentProvider {
  readonly id: string = "pp_fake_default"
  readonly capabilities: ProviderCapabilities = {
    multicapture: true,
    callsNetwork: true,
    clientFields: ["token", "note"],
  }

  constructor(@Inject(BankLine) private readonly line: BankLine) {}

  initiate(call: ProviderCall): Promise<ProviderOutcome> {
    return this.ask("initiate", call)
  }

  update(call: ProviderCall): Promise<ProviderOutcome> {
    return this.ask("update", call)
  }

  authorize(call: ProviderCall): Promise<ProviderOutcome> {
    return this.ask("authorize", call)
  }

  capture(call: ProviderCall): Promise<ProviderOutcome> {
    return this.ask("capture", call)
  }

  refund(call: ProviderCall): Promise<ProviderOutcome> {
    return this.ask("refund", call)
  }

  cancel(call: ProviderCall): Promise<ProviderOutcome> {
    return this.ask("cancel", call)
  }

  lookUp({ operation: _, ...call }: LookUpCall): Promise<ProviderOutcome | CallNotFound> {
    return this.ask("lookUp", call)
  }

  private async ask<O>(
    method: BankRequest["method"],
    { idempotencyKey, sessionId, amount, signal, ...rest }: ProviderCall,
  ): Promise<O> {
    const isFinal = method === "capture" && !this.capabilities.multicapture
    const { minor, currency } = amount
    const intent = rest.privateData["intent"]
    const request = { method, idempotencyKey, sessionId, amount: minor, currency, isFinal, intent, rest }
    const answer = await this.line.send(request, signal)
    switch (answer.line) {
      case "answer":
        return answer.outcome as O
      case "broken":
        throw new Error("The line to the bank broke")
      case "silent":
        return silence(signal)
      case "dead":
        process.kill(process.pid, "SIGKILL")
        return silence(signal)
    }
  }
}

/** The same bank, which captures once: the rest is given up. */
@Injectable()
@RegisterPaymentProvider()
export class FakeSingleCaptureProvider extends FakePaymentProvider {
  override readonly id = "pp_fake_single"
  override readonly capabilities = { multicapture: false, callsNetwork: true, clientFields: ["token", "note"] } as const
}

/** The ids of the providers over a fake bank. */
export const FAKE_PROVIDER_IDS = ["pp_fake_default", "pp_fake_single"]

/** The fake providers as a Nest module. */
@Module({})
export class FakeProvidersModule {
  static over(line: BankLine): DynamicModule {
    return {
      module: FakeProvidersModule,
      providers: [{ provide: BankLine, useValue: line }, FakePaymentProvider, FakeSingleCaptureProvider],
    }
  }
}

/** The fake providers over a bank that the test keeps in hand. */
export function fakeProviders(bank: FakeBank): DynamicModule {
  return FakeProvidersModule.over(new LineInside(bank))
}

/** A bank in the same process. */
export class LineInside extends BankLine {
  constructor(private readonly bank: FakeBank) {
    super()
  }

  async send(request: BankRequest, signal: AbortSignal): Promise<BankAnswer> {
    const answer = await Promise.race([this.bank.take(request), silence(signal)])
    if (answer.line === "dead") throw new Error("It is the test's own process that would die: serve the bank.")
    return answer
  }
}

/** A bank at a URL, see {@link serveBank}. */
export class LineOverHttp extends BankLine {
  constructor(private readonly url: string) {
    super()
  }

  async send(request: BankRequest, signal: AbortSignal): Promise<BankAnswer> {
    const response = await fetch(this.url, { method: "POST", body: toJson(request), signal })
    return fromJson(await response.text()) as BankAnswer
  }
}

/** Makes a bank reachable for other processes, on a port of this machine. */
export async function serveBank(bank: FakeBank): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const serve = async () => {
      const answer = await bank.take(fromJson(await text(request)) as BankRequest)
      if (answer.line === "broken") response.destroy()
      else if (answer.line !== "silent") response.end(toJson(answer))
    }
    // A caller that died in the middle of its call.
    serve().catch(() => response.destroy())
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, "close")
    },
  }
}

/** Amounts are text on the line, marked as such. */
function toJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}n` : part))
}

function fromJson(text: string): unknown {
  return JSON.parse(text, (_, part: unknown) =>
    typeof part === "string" && /^-?\d+n$/.test(part) ? BigInt(part.slice(0, -1)) : part,
  )
}

/** Lasts until nobody waits any more. */
async function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = () => {
      reject(signal.reason as Error)
    }
    if (signal.aborted) giveUp()
    else signal.addEventListener("abort", giveUp, { once: true })
  })
}
