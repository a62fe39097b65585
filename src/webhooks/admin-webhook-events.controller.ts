import { Body, Controller, Get, HttpCode, Param, Post, Query } from "@nestjs/common"
import { ApiOperation, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { ApiEnvelope, ApiId, ApiPage } from "../api/api-docs.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { exampleOf } from "../api/fields/example.js"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { SelectQuery } from "../api/lists/list-query.js"
import { NoBody } from "../api/validation/validation.js"
import { EXAMPLE } from "../payment-model/responses/examples.js"
import {
  ADMIN_WEBHOOK_EVENT,
  ADMIN_WEBHOOK_EVENTS,
  ListWebhookEventsQuery,
  toWebhookEventResponse,
  WebhookEventResponse,
} from "./webhook-event.dto.js"
import { WebhooksService, webhookEventNotFound } from "./webhooks.service.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"
import { OperationInProgress } from "../payment-providers/calls/call.errors.js"

@ApiTags("Admin: webhook events")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@Controller("admin/webhook-events")
export class AdminWebhookEventsController {
  constructor(private readonly webhooks: WebhooksService) {}

  @Get()
  @RespondsWith(ADMIN_WEBHOOK_EVENTS)
  @ApiOperation({
    summary: "List webhook events",
    operationId: "listWebhookEvents",
    description: "What payment providers have told. `state=dead` are those that could not be applied.",
  })
  @ApiPage("webhook_events", WebhookEventResponse, "The webhook events.", exampleOf(ADMIN_WEBHOOK_EVENTS))
  async list(@Query() query: ListWebhookEventsQuery, @Selected() selection: Selection) {
    const { rows, ...page } = await this.webhooks.list(query, selection)
    return { webhook_events: rows.map(toWebhookEventResponse), ...page }
  }

  @Get(":id")
  @ApiId("The webhook event's id.", EXAMPLE.webhookEventId)
  @RespondsWith(ADMIN_WEBHOOK_EVENT)
  @ApiOperation({ summary: "Get a webhook event", operationId: "getWebhookEvent" })
  @ApiEnvelope("webhook_event", WebhookEventResponse, "The webhook event.", exampleOf(ADMIN_WEBHOOK_EVENT))
  @ApiErrors(webhookEventNotFound(EXAMPLE.webhookEventId))
  async get(@Param("id") id: string, @Query() _query: SelectQuery, @Selected() selection: Selection) {
    return { webhook_event: toWebhookEventResponse(await this.webhooks.get(id, selection)) }
  }

  @Post(":id/replay")
  @HttpCode(200)
  @ApiId("The webhook event's id.", EXAMPLE.webhookEventId)
  @RespondsWith(ADMIN_WEBHOOK_EVENT)
  @ApiOperation({
    summary: "Apply a webhook event now",
    operationId: "replayWebhookEvent",
    description:
      "Asks the provider what is so, and records it; also for an event that was applied or given up before. Nothing is " +
      "recorded twice.",
  })
  @ApiEnvelope("webhook_event", WebhookEventResponse, "The event as it is now.", exampleOf(ADMIN_WEBHOOK_EVENT))
  @ApiErrors(webhookEventNotFound(EXAMPLE.webhookEventId), InvalidData, OperationInProgress)
  async replay(
    @Param("id") id: string,
    @Body() _body: NoBody,
    @Query() _query: SelectQuery,
    @Selected() selection: Selection,
  ) {
    return { webhook_event: toWebhookEventResponse(await this.webhooks.replay(id, selection)) }
  }
}
