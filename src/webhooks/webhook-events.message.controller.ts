import { Controller } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { IntersectionType } from "@nestjs/swagger"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { IdCommand, IdMessage, Message } from "../api/message.js"
import {
  ADMIN_WEBHOOK_EVENT,
  ADMIN_WEBHOOK_EVENTS,
  ListWebhookEventsQuery,
  toWebhookEventResponse,
} from "./webhook-event.dto.js"
import { WebhooksService } from "./webhooks.service.js"

class ListWebhookEventsMessage extends IntersectionType(ListWebhookEventsQuery, Message) {}

@Controller()
export class WebhookEventsMessageController {
  constructor(private readonly webhooks: WebhooksService) {}

  @MessagePattern("webhook_events.list")
  @RespondsWith(ADMIN_WEBHOOK_EVENTS)
  async list(@Payload() message: ListWebhookEventsMessage, @Selected() selection: Selection) {
    const { rows, ...page } = await this.webhooks.list(message, selection)
    return { webhook_events: rows.map(toWebhookEventResponse), ...page }
  }

  @MessagePattern("webhook_events.retrieve")
  @RespondsWith(ADMIN_WEBHOOK_EVENT)
  async retrieve(@Payload() { id }: IdMessage, @Selected() selection: Selection) {
    return { webhook_event: toWebhookEventResponse(await this.webhooks.get(id, selection)) }
  }

  @MessagePattern("webhook_events.replay")
  @RespondsWith(ADMIN_WEBHOOK_EVENT)
  async replay(@Payload() { id }: IdCommand, @Selected() selection: Selection) {
    return { webhook_event: toWebhookEventResponse(await this.webhooks.replay(id, selection)) }
  }
}
