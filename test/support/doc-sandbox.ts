import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { StripeSandbox } from "../../sandbox/stripe-sandbox.js"
import { clientOf } from "./stripe-sdk.js"

const run = promisify(execFile)

/** A sandbox for the `curl` lines of the documentation. */
export class DocSandbox {
  private constructor(private readonly sandbox: StripeSandbox) {}

  static async start(): Promise<DocSandbox> {
    return new DocSandbox(await StripeSandbox.start())
  }

  stop(): Promise<void> {
    return this.sandbox.stop()
  }

  /** Runs the lines one after the other, for a new payment intent in the state that they need. Returns the responses. */
  async run(code: string): Promise<any[]> {
    const intent = await this.newIntent(code)
    const commands = code.replaceAll("\\\n", " ").trimEnd().split("\n")
    const responses = []
    for (const command of commands) {
      const addressed = command.replaceAll("http://127.0.0.1:12111", this.sandbox.url).replaceAll("pi_...", intent)
      const { stdout } = await run("sh", ["-ec", `${addressed} --fail-with-body`])
      responses.push(JSON.parse(stdout))
    }
    // The next block starts with an account like the first one's.
    this.sandbox.faults.clear()
    this.sandbox.webhooks.sendTo(undefined)
    this.sandbox.webhooks.resume()
    this.sandbox.offerMulticapture(false)
    return responses
  }

  private async newIntent(code: string): Promise<string> {
    const { id } = await clientOf(this.sandbox).paymentIntents.create({
      amount: 4990,
      currency: "eur",
      capture_method: "manual",
    })
    const act = /_control\/(\w+)/.exec(code)?.[1] ?? ""
    if (["capture", "cancel", "refund", "dispute"].includes(act)) this.sandbox.pay(id)
    if (["refund", "dispute"].includes(act)) this.sandbox.capture(id)
    return id
  }
}
