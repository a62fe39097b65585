import { Module } from "@nestjs/common"
import { TypeOrmModule } from "@nestjs/typeorm"
import { AdminEventsController } from "./admin-events.controller.js"
import { EventsMessageController } from "./events.message.controller.js"
import { EventsService } from "./events.service.js"
import { OutboxEvent } from "./outbox-event.entity.js"

@Module({
  imports: [TypeOrmModule.forFeature([OutboxEvent])],
  controllers: [AdminEventsController, EventsMessageController],
  providers: [EventsService],
  exports: [EventsService],
})
export class OutboxModule {}
