import { Controller, UseInterceptors } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { FieldsInterceptor, RespondsWith } from "../api/fields/fields.interceptor.js"
import { ListEventsMessage } from "./event.dto.js"
import { EVENTS } from "./event.resource.js"
import { EventsService } from "./events.service.js"

@UseInterceptors(FieldsInterceptor)
@Controller()
export class EventsMessageController {
  constructor(private readonly events: EventsService) {}

  @RespondsWith(EVENTS)
  @MessagePattern("events.list")
  async list(@Payload() message: ListEventsMessage) {
    return this.events.list(message)
  }
}
