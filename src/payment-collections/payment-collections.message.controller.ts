import { Controller } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { IntersectionType } from "@nestjs/swagger"
import { CalledBy, type Caller } from "../api-keys/caller.js"
import type { Deleted } from "../common/deleted.js"
import type { Selection } from "../common/fields.js"
import { Answers, Selected } from "../common/fields.interceptor.js"
import { IdMessage, Message, SelectMessage } from "../common/message.js"
import { toPaymentCollectionResponse } from "../payment-model/responses/mappers.js"
import { ADMIN_COLLECTIONS, STORE_COLLECTION } from "../payment-model/responses/views.js"
import { CreatePaymentCollectionRequest, ListPaymentCollectionsQuery } from "./payment-collection.dto.js"
import { PaymentCollectionsService } from "./payment-collections.service.js"

class CreatePaymentCollectionMessage extends IntersectionType(CreatePaymentCollectionRequest, SelectMessage) {}

class ListPaymentCollectionsMessage extends IntersectionType(ListPaymentCollectionsQuery, Message) {}

/** The same use cases over TCP. Services are trusted like operators: they see all that there is. */
@Controller()
export class PaymentCollectionsMessageController {
  constructor(private readonly collections: PaymentCollectionsService) {}

  @MessagePattern("payment_collections.create")
  @Answers({ ...STORE_COLLECTION, audience: "admin" })
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
  @Answers({ ...STORE_COLLECTION, audience: "admin" })
  async retrieve(@Payload() { id }: IdMessage, @Selected() selection: Selection) {
    return { payment_collection: toPaymentCollectionResponse(await this.collections.get(id, selection), "admin") }
  }

  @MessagePattern("payment_collections.list")
  @Answers(ADMIN_COLLECTIONS)
  async list(@Payload() message: ListPaymentCollectionsMessage, @Selected() selection: Selection) {
    const { rows, ...page } = await this.collections.list(message, selection)
    return { payment_collections: rows.map((row) => toPaymentCollectionResponse(row, "admin")), ...page }
  }

  @MessagePattern("payment_collections.delete")
  async delete(@Payload() { id }: IdMessage): Promise<Deleted> {
    await this.collections.delete(id)
    return { id, object: "payment-collection", deleted: true }
  }
}
