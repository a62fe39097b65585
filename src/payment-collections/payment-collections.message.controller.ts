import { Controller } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { IntersectionType } from "@nestjs/swagger"
import { CalledBy, type Caller } from "../api-keys/caller.js"
import type { Deleted } from "../api/deleted.js"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { CommandMessage, IdCommand, IdMessage, Message } from "../api/message.js"
import { toPaymentCollectionResponse } from "../payment-model/responses/mappers.js"
import { ADMIN_COLLECTION, ADMIN_COLLECTIONS, STORE_COLLECTION } from "../payment-model/responses/views.js"
import { MarkAsPaidService } from "./mark-as-paid.service.js"
import {
  CreateOrderCollectionRequest,
  CreatePaymentCollectionRequest,
  ListPaymentCollectionsQuery,
  MarkAsPaidRequest,
  UpdateCollectionRequest,
} from "./payment-collection.dto.js"
import { PaymentCollectionsService } from "./payment-collections.service.js"

class CreatePaymentCollectionMessage extends IntersectionType(CreatePaymentCollectionRequest, CommandMessage) {}

class CreateOrderCollectionMessage extends IntersectionType(CreateOrderCollectionRequest, CommandMessage) {}

class UpdateCollectionMessage extends IntersectionType(UpdateCollectionRequest, IdCommand) {}

class MarkAsPaidMessage extends IntersectionType(MarkAsPaidRequest, IdCommand) {}

class ListPaymentCollectionsMessage extends IntersectionType(ListPaymentCollectionsQuery, Message) {}

/** The same use cases over TCP. Services are trusted like operators: they see all that there is. */
@Controller()
export class PaymentCollectionsMessageController {
  constructor(
    private readonly collections: PaymentCollectionsService,
    private readonly marking: MarkAsPaidService,
  ) {}

  @MessagePattern("payment_collections.create")
  @RespondsWith({ ...STORE_COLLECTION, audience: "admin" })
  async create(
    @Payload() { cart_id }: CreatePaymentCollectionMessage,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    return {
      payment_collection: toPaymentCollectionResponse(
        await this.collections.create(cart_id, caller, selection),
        "admin",
      ),
    }
  }

  @MessagePattern("payment_collections.retrieve")
  @RespondsWith({ ...STORE_COLLECTION, audience: "admin" })
  async retrieve(@Payload() { id }: IdMessage, @Selected() selection: Selection) {
    return { payment_collection: toPaymentCollectionResponse(await this.collections.get(id, selection), "admin") }
  }

  @MessagePattern("payment_collections.list")
  @RespondsWith(ADMIN_COLLECTIONS)
  async list(@Payload() message: ListPaymentCollectionsMessage, @Selected() selection: Selection) {
    const { rows, ...page } = await this.collections.list(message, selection)
    return { payment_collections: rows.map((row) => toPaymentCollectionResponse(row, "admin")), ...page }
  }

  @MessagePattern("payment_collections.create_for_order")
  @RespondsWith(ADMIN_COLLECTION)
  async createForOrder(
    @Payload() message: CreateOrderCollectionMessage,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    return {
      payment_collection: toPaymentCollectionResponse(
        await this.collections.createForOrder(message, caller, selection),
        "admin",
      ),
    }
  }

  @MessagePattern("payment_collections.update")
  @RespondsWith(ADMIN_COLLECTION)
  async update(
    @Payload() { id, ...request }: UpdateCollectionMessage,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    const collection = await this.collections.update(id, request, caller, selection)
    return { payment_collection: toPaymentCollectionResponse(collection, "admin") }
  }

  @MessagePattern("payment_collections.mark_as_paid")
  @RespondsWith(ADMIN_COLLECTION)
  async markAsPaid(
    @Payload() { id, ...request }: MarkAsPaidMessage,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    const collection = await this.marking.markAsPaid(id, request, caller, selection)
    return { payment_collection: toPaymentCollectionResponse(collection, "admin") }
  }

  @MessagePattern("payment_collections.delete")
  async delete(@Payload() { id }: IdCommand, @CalledBy() caller: Caller): Promise<Deleted<"payment-collection">> {
    await this.collections.delete(id, caller)
    return { id, object: "payment-collection", deleted: true }
  }
}
