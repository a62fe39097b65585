import { Module } from "@nestjs/common"
import { AdminEventsController } from "./admin-events.controller.js"
import { EventsMessageController } from "./events.message.controller.js"
import { EventsService } from "./events.service.js"

@Module({
  controllers: [AdminEventsController, EventsMessageController],
  providers: [EventsService],
  exports: [EventsService],
})
export class OutboxModule {}
