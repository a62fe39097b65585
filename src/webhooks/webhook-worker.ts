import { Injectable } from "@nestjs/common"
import { BackgroundInterval, BackgroundWorker } from "../database/background-worker.js"
import type { Lease } from "../database/leases.js"
import { WebhooksService } from "./webhooks.service.js"

/** Applies what providers told: right after it was kept, and again later where that failed. */
@Injectable()
export class WebhookWorker extends BackgroundWorker<Lease> {
  constructor(
    private readonly webhooks: WebhooksService,
    interval: BackgroundInterval,
  ) {
    super(interval)
  }

  protected async claim(limit: number): Promise<Lease[]> {
    return this.webhooks.claimDue(limit)
  }

  protected async handle(lease: Lease): Promise<void> {
    await this.webhooks.apply(lease)
  }
}
