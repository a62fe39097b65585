import { Controller, Get, Param, Post, Query, UseGuards, UseInterceptors } from "@nestjs/common"
import { ApiSecurity, ApiTags } from "@nestjs/swagger"
import { SecretKeyGuard } from "../api-keys/key.guards.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { Endpoint } from "../api/endpoint.js"
import { FieldsInterceptor } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
import { EXAMPLE } from "../payment-model/resources/examples.js"
import { ListWebhookEventsQuery } from "./webhook-event.dto.js"
import { ADMIN_WEBHOOK_EVENT, ADMIN_WEBHOOK_EVENTS } from "./webhook-event.resource.js"
import { WebhooksService, webhookEventNotFound } from "./webhooks.service.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"
import { OperationInProgress } from "../payment-providers/calls/call.errors.js"

const WEBHOOK_EVENT_ID = { description: "The webhook event's id.", example: EXAMPLE.webhookEventId }

@ApiTags("Admin: webhook events")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@UseGuards(SecretKeyGuard)
@UseInterceptors(FieldsInterceptor)
@Controller("admin/webhook-events")
export class AdminWebhookEventsController {
  constructor(private readonly webhooks: WebhooksService) {}

  @Endpoint({
    summary: "List webhook events",
    operationId: "listWebhookEvents",
    description:
      "Lists the webhooks that payment providers have sent. `state=dead` selects those that could not be applied.",
    responds: ADMIN_WEBHOOK_EVENTS,
    response: "The webhook events.",
  })
  @Get()
  async list(@Query() query: ListWebhookEventsQuery, @Context() { selection }: RequestContext) {
    return this.webhooks.list(query, selection)
  }

  @Endpoint({
    summary: "Get a webhook event",
    operationId: "getWebhookEvent",
    params: { id: WEBHOOK_EVENT_ID },
    responds: ADMIN_WEBHOOK_EVENT,
    response: "The webhook event.",
    errors: [webhookEventNotFound(EXAMPLE.webhookEventId)],
  })
  @Get(":id")
  async get(@Param("id") id: string, @Context() { selection }: RequestContext) {
    return this.webhooks.get(id, selection)
  }

  @Endpoint({
    summary: "Apply a webhook event now",
    operationId: "replayWebhookEvent",
    description:
      "Fetches the current state from the provider and records it, also for an event that is `applied` or `dead`. " +
      "Nothing is recorded twice.",
    params: { id: WEBHOOK_EVENT_ID },
    responds: ADMIN_WEBHOOK_EVENT,
    response: "The event as it is now.",
    errors: [webhookEventNotFound(EXAMPLE.webhookEventId), InvalidData, OperationInProgress],
  })
  @Post(":id/replay")
  async replay(@Param("id") id: string, @Context() { selection }: RequestContext) {
    return this.webhooks.replay(id, selection)
  }
}
