import { Injectable } from "@nestjs/common"
import { BackgroundInterval, BackgroundWorker } from "../common/background-worker.js"
import { WebhooksService } from "./webhooks.service.js"

/**
 * Events that are applied at the same time, and milliseconds until the next ones are begun while there are more. Each
 * asks its provider for two or three things, which limits how much it is asked; and what comes in meanwhile has to be
 * acknowledged.
 */
const SLOTS = 8
const PAUSE = 100

/** Applies what providers told: right after it was kept, and again later where that failed. */
@Injectable()
export class WebhookWorker extends BackgroundWorker {
  constructor(
    private readonly webhooks: WebhooksService,
    interval: BackgroundInterval,
  ) {
    super(interval, SLOTS, PAUSE)
  }

  protected async claim(limit: number): Promise<string[]> {
    return this.webhooks.claimDue(limit)
  }

  protected async handle(id: string): Promise<void> {
    await this.webhooks.apply(id)
  }
}
