import { Controller, Get, Query } from "@nestjs/common"
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiSecurity, ApiTags, getSchemaPath } from "@nestjs/swagger"
import { ApiErrors } from "../api/errors/error-docs.js"
import { EVENT_EXAMPLE, EventsResponse, ListEventsQuery, toEventsResponse } from "./event.dto.js"
import { EventsService, eventNotFound } from "./events.service.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"

@ApiTags("Admin: events")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired, eventNotFound(EVENT_EXAMPLE.id))
@Controller("admin/events")
export class AdminEventsController {
  constructor(private readonly events: EventsService) {}

  @Get()
  @ApiOperation({
    summary: "Read the feed of events",
    operationId: "listEvents",
    description:
      "Every fact that this service tells, once and for good, in the order of commits: nothing is missing before an " +
      "event that was answered, and nothing is ever put there later. The events of one collection stand in the order " +
      "in which they happened.\n\n" +
      "A consumer begins without `after`, handles the events, keeps the id of the last one (in the same transaction, " +
      "where it can: then each is handled once) and goes on with it as `after`: at once while `has_more`, else after a " +
      "second or so. Each consumer keeps its own place; the service knows none of them.",
  })
  @ApiExtraModels(EventsResponse)
  @ApiOkResponse({
    description: "The events after the given one.",
    content: {
      "application/json": {
        schema: { $ref: getSchemaPath(EventsResponse) },
        example: { events: [EVENT_EXAMPLE], has_more: false },
      },
    },
  })
  async list(@Query() query: ListEventsQuery) {
    return toEventsResponse(await this.events.list(query))
  }
}
