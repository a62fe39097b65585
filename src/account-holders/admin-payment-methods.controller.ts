import { Body, Controller, Delete, Get, Param, Post, UseGuards, UseInterceptors } from "@nestjs/common"
import { ApiSecurity, ApiTags } from "@nestjs/swagger"
import { SecretKeyGuard } from "../api-keys/key.guards.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { Endpoint } from "../api/endpoint.js"
import { FieldsInterceptor } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
import { deleted } from "../api/response-body.js"
import { EXAMPLE } from "../payment-model/resources/examples.js"
import { providerNotAvailable } from "../payment-providers/calls/payment-provider.registry.js"
import { ACCOUNT_HOLDER_ID, EXAMPLE_HOLDER_ID } from "./account-holder.resource.js"
import { accountHolderNotFound } from "./account-holders.service.js"
import { SavePaymentMethodRequest } from "./payment-method.dto.js"
import { PAYMENT_METHOD_EXAMPLE, PAYMENT_METHODS, STARTED_PAYMENT_METHOD } from "./payment-method.resource.js"
import { PaymentMethodsService } from "./payment-methods.service.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"
import { PaymentDeclined, ProviderError } from "../payment-providers/calls/call.errors.js"

@ApiTags("Admin: account holders")
@ApiSecurity("secret_key")
@ApiErrors(
  InvalidData,
  providerNotAvailable(EXAMPLE.stripeId),
  SecretKeyRequired,
  accountHolderNotFound(EXAMPLE_HOLDER_ID),
  PaymentDeclined,
  ProviderError,
)
@UseGuards(SecretKeyGuard)
@UseInterceptors(FieldsInterceptor)
@Controller("admin/account-holders/:id/payment-methods")
export class AdminPaymentMethodsController {
  constructor(private readonly methods: PaymentMethodsService) {}

  @Endpoint({
    summary: "List saved payment methods",
    operationId: "listPaymentMethods",
    params: { id: ACCOUNT_HOLDER_ID },
    responds: PAYMENT_METHODS,
    response: "The payment methods that the customer saved with the provider.",
  })
  @Get()
  async list(@Param("id") id: string) {
    return this.methods.list(id)
  }

  // The repeat of a request gets the same response, with the client secret. The secret is for the shopper's browser, as
  // that of a payment session, and it is the reason to repeat a request whose response was lost.
  @Endpoint({
    summary: "Start to save a payment method",
    operationId: "savePaymentMethod",
    description:
      "`data` of the response says what the shopper does next, such as to confirm in the browser with the client secret. " +
      "After that the method is listed, under an id of its own.",
    params: { id: ACCOUNT_HOLDER_ID },
    responds: STARTED_PAYMENT_METHOD,
    response: "The method that is being saved.",
  })
  @Post()
  async save(@Param("id") id: string, @Body() body: SavePaymentMethodRequest, @Context() { caller }: RequestContext) {
    return this.methods.save(id, body, caller)
  }

  @Endpoint({
    summary: "Remove a saved payment method",
    operationId: "deletePaymentMethod",
    params: {
      id: ACCOUNT_HOLDER_ID,
      method_id: { description: "The method's id.", example: PAYMENT_METHOD_EXAMPLE.id },
    },
    responds: deleted("payment_method", PAYMENT_METHOD_EXAMPLE.id, "method_id"),
    response: "The method is removed.",
  })
  @Delete(":method_id")
  async delete(@Param("id") id: string, @Param("method_id") methodId: string) {
    return this.methods.delete(id, methodId)
  }
}
