import { Controller, UseInterceptors } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { FieldsInterceptor, RespondsWith } from "../api/fields/fields.interceptor.js"
import { IdCommand, IdMessage } from "../api/message.js"
import { Context, RequestContext } from "../api/request-context.js"
import { ListWebhookEventsMessage } from "./webhook-event.dto.js"
import { ADMIN_WEBHOOK_EVENT, ADMIN_WEBHOOK_EVENTS } from "./webhook-event.resource.js"
import { WebhooksService } from "./webhooks.service.js"

@UseInterceptors(FieldsInterceptor)
@Controller()
export class WebhookEventsMessageController {
  constructor(private readonly webhooks: WebhooksService) {}

  @RespondsWith(ADMIN_WEBHOOK_EVENTS)
  @MessagePattern("webhook_events.list")
  async list(@Payload() message: ListWebhookEventsMessage, @Context() { selection }: RequestContext) {
    return this.webhooks.list(message, selection)
  }

  @RespondsWith(ADMIN_WEBHOOK_EVENT)
  @MessagePattern("webhook_events.retrieve")
  async retrieve(@Payload() { id }: IdMessage, @Context() { selection }: RequestContext) {
    return this.webhooks.get(id, selection)
  }

  @RespondsWith(ADMIN_WEBHOOK_EVENT)
  @MessagePattern("webhook_events.replay")
  async replay(@Payload() { id }: IdCommand, @Context() { selection }: RequestContext) {
    return this.webhooks.replay(id, selection)
  }
}
