import { Controller } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { CalledBy, type Caller } from "../api-keys/caller.js"
import type { Deleted } from "../api/deleted.js"
import {
  DeletePaymentMethodMessage,
  ListPaymentMethodsMessage,
  SavePaymentMethodMessage,
  toPaymentMethodResponse,
  type PaymentMethodsResponse,
} from "./payment-method.dto.js"
import { PaymentMethodsService } from "./payment-methods.service.js"

@Controller()
export class PaymentMethodsMessageController {
  constructor(private readonly methods: PaymentMethodsService) {}

  @MessagePattern("payment_methods.list")
  async list(@Payload() { account_holder_id }: ListPaymentMethodsMessage): Promise<PaymentMethodsResponse> {
    return { payment_methods: (await this.methods.list(account_holder_id)).map(toPaymentMethodResponse) }
  }

  @MessagePattern("payment_methods.save")
  async save(@Payload() { account_holder_id, data }: SavePaymentMethodMessage, @CalledBy() caller: Caller) {
    return { payment_method: toPaymentMethodResponse(await this.methods.save(account_holder_id, { data }, caller)) }
  }

  @MessagePattern("payment_methods.delete")
  async delete(@Payload() { account_holder_id, id }: DeletePaymentMethodMessage): Promise<Deleted<"payment_method">> {
    await this.methods.delete(account_holder_id, id)
    return { id, object: "payment_method", deleted: true }
  }
}
