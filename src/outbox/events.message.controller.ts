import { Controller } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { IntersectionType } from "@nestjs/swagger"
import { Message } from "../api/message.js"
import { ListEventsQuery, toEventsResponse } from "./event.dto.js"
import { EventsService } from "./events.service.js"

class ListEventsMessage extends IntersectionType(ListEventsQuery, Message) {}

@Controller()
export class EventsMessageController {
  constructor(private readonly events: EventsService) {}

  @MessagePattern("events.list")
  async list(@Payload() message: ListEventsMessage) {
    return toEventsResponse(await this.events.list(message))
  }
}
