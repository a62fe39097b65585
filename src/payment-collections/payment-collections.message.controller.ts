import { Controller, UseInterceptors } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { FieldsInterceptor, RespondsWith } from "../api/fields/fields.interceptor.js"
import { IdCommand, IdMessage } from "../api/message.js"
import { Context, RequestContext } from "../api/request-context.js"
import { deleted } from "../api/response-body.js"
import { EXAMPLE } from "../payment-model/resources/examples.js"
import {
  ADMIN_COLLECTION,
  ADMIN_COLLECTIONS,
  SERVICE_COLLECTION,
} from "../payment-model/resources/payment-collection.resource.js"
import { MarkAsPaidService } from "./mark-as-paid.service.js"
import {
  CreateOrderCollectionMessage,
  CreatePaymentCollectionMessage,
  ListPaymentCollectionsMessage,
  MarkAsPaidMessage,
  UpdateCollectionMessage,
} from "./payment-collection.dto.js"
import { PaymentCollectionsService } from "./payment-collections.service.js"

/** The same use cases over TCP. The service trusts other services like operators: they see everything. */
@UseInterceptors(FieldsInterceptor)
@Controller()
export class PaymentCollectionsMessageController {
  constructor(
    private readonly collections: PaymentCollectionsService,
    private readonly marking: MarkAsPaidService,
  ) {}

  @RespondsWith(SERVICE_COLLECTION)
  @MessagePattern("payment_collections.create")
  async create(
    @Payload() { cart_id }: CreatePaymentCollectionMessage,
    @Context() { caller, selection }: RequestContext,
  ) {
    return this.collections.create(cart_id, caller, selection)
  }

  @RespondsWith(SERVICE_COLLECTION)
  @MessagePattern("payment_collections.retrieve")
  async retrieve(@Payload() { id }: IdMessage, @Context() { selection }: RequestContext) {
    return this.collections.get(id, selection)
  }

  @RespondsWith(ADMIN_COLLECTIONS)
  @MessagePattern("payment_collections.list")
  async list(@Payload() message: ListPaymentCollectionsMessage, @Context() { selection }: RequestContext) {
    return this.collections.list(message, selection)
  }

  @RespondsWith(ADMIN_COLLECTION)
  @MessagePattern("payment_collections.create_for_order")
  async createForOrder(
    @Payload() message: CreateOrderCollectionMessage,
    @Context() { caller, selection }: RequestContext,
  ) {
    return this.collections.createForOrder(message, caller, selection)
  }

  @RespondsWith(ADMIN_COLLECTION)
  @MessagePattern("payment_collections.update")
  async update(
    @Payload() { id, ...request }: UpdateCollectionMessage,
    @Context() { caller, selection }: RequestContext,
  ) {
    return this.collections.update(id, request, caller, selection)
  }

  @RespondsWith(ADMIN_COLLECTION)
  @MessagePattern("payment_collections.mark_as_paid")
  async markAsPaid(@Payload() { id, ...request }: MarkAsPaidMessage, @Context() { caller, selection }: RequestContext) {
    return this.marking.markAsPaid(id, request, caller, selection)
  }

  @RespondsWith(deleted("payment-collection", EXAMPLE.collectionId))
  @MessagePattern("payment_collections.delete")
  async delete(@Payload() { id }: IdCommand, @Context() { caller }: RequestContext) {
    return this.collections.delete(id, caller)
  }
}
