import { Controller, UseInterceptors } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { FieldsInterceptor, RespondsWith } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
import { deleted } from "../api/response-body.js"
import {
  DeletePaymentMethodMessage,
  ListPaymentMethodsMessage,
  SavePaymentMethodMessage,
} from "./payment-method.dto.js"
import { PAYMENT_METHOD_EXAMPLE, PAYMENT_METHODS, STARTED_PAYMENT_METHOD } from "./payment-method.resource.js"
import { PaymentMethodsService } from "./payment-methods.service.js"

@UseInterceptors(FieldsInterceptor)
@Controller()
export class PaymentMethodsMessageController {
  constructor(private readonly methods: PaymentMethodsService) {}

  @RespondsWith(PAYMENT_METHODS)
  @MessagePattern("payment_methods.list")
  async list(@Payload() { account_holder_id }: ListPaymentMethodsMessage) {
    return this.methods.list(account_holder_id)
  }

  @RespondsWith(STARTED_PAYMENT_METHOD)
  @MessagePattern("payment_methods.save")
  async save(@Payload() { account_holder_id, data }: SavePaymentMethodMessage, @Context() { caller }: RequestContext) {
    return this.methods.save(account_holder_id, { data }, caller)
  }

  @RespondsWith(deleted("payment_method", PAYMENT_METHOD_EXAMPLE.id))
  @MessagePattern("payment_methods.delete")
  async delete(@Payload() { account_holder_id, id }: DeletePaymentMethodMessage) {
    return this.methods.delete(account_holder_id, id)
  }
}
