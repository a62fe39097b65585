import { Controller, Get, Query, UseGuards, UseInterceptors } from "@nestjs/common"
import { ApiSecurity, ApiTags } from "@nestjs/swagger"
import { SecretKeyGuard } from "../api-keys/key.guards.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { Endpoint } from "../api/endpoint.js"
import { FieldsInterceptor } from "../api/fields/fields.interceptor.js"
import { ListEventsQuery } from "./event.dto.js"
import { EVENT_EXAMPLE, EVENTS } from "./event.resource.js"
import { EventsService, eventNotFound } from "./events.service.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"

@ApiTags("Admin: events")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired, eventNotFound(EVENT_EXAMPLE.id))
@UseGuards(SecretKeyGuard)
@UseInterceptors(FieldsInterceptor)
@Controller("admin/events")
export class AdminEventsController {
  constructor(private readonly events: EventsService) {}

  @Endpoint({
    summary: "Read the feed of events",
    operationId: "listEvents",
    description:
      "Returns every event that this service records, once, in the order of commits. No event ever appears before one " +
      "that was already returned. The events of one collection stand in the order in which they happened.\n\n" +
      "A consumer starts without `after`, handles the events, and stores the id of the last one (if possible, in the same " +
      "transaction: then each event is handled once). It continues with that id as `after`: immediately while `has_more` " +
      "is true, otherwise after about a second. Each consumer stores its own position; the service knows none of them.",
    responds: EVENTS,
    response: "The events after the given one.",
  })
  @Get()
  async list(@Query() query: ListEventsQuery) {
    return this.events.list(query)
  }
}
