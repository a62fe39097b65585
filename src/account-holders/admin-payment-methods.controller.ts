import { Body, Controller, Delete, Get, HttpCode, Param, Post } from "@nestjs/common"
import {
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiSecurity,
  ApiTags,
  getSchemaPath,
} from "@nestjs/swagger"
import { CalledBy, type Caller } from "../api-keys/caller.js"
import { ApiEnvelope, ApiId } from "../api/api-docs.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { ApiDeleted, type Deleted } from "../api/deleted.js"
import { EXAMPLE_HOLDER_ID } from "./account-holder.dto.js"
import {
  BEGUN_METHOD_EXAMPLE,
  PAYMENT_METHOD_EXAMPLE,
  PaymentMethodResponse,
  PaymentMethodsResponse,
  SavePaymentMethodRequest,
  toPaymentMethodResponse,
} from "./payment-method.dto.js"
import { PaymentMethodsService } from "./payment-methods.service.js"
import { accountHolderNotFound } from "./account-holders.service.js"
import { EXAMPLE } from "../payment-model/responses/examples.js"
import { providerNotAvailable } from "../payment-providers/calls/payment-provider.registry.js"
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
@Controller("admin/account-holders/:id/payment-methods")
export class AdminPaymentMethodsController {
  constructor(private readonly methods: PaymentMethodsService) {}

  @Get()
  @ApiId("The account holder's id.", EXAMPLE_HOLDER_ID)
  @ApiOperation({ summary: "List saved payment methods", operationId: "listPaymentMethods" })
  @ApiExtraModels(PaymentMethodsResponse)
  @ApiOkResponse({
    description: "What the customer saved with the provider.",
    content: {
      "application/json": {
        schema: { $ref: getSchemaPath(PaymentMethodsResponse) },
        example: { payment_methods: [PAYMENT_METHOD_EXAMPLE] },
      },
    },
  })
  async list(@Param("id") id: string): Promise<PaymentMethodsResponse> {
    return { payment_methods: (await this.methods.list(id)).map(toPaymentMethodResponse) }
  }

  // The repeat of a request is told all that the first was, a client secret too: it is for the shopper's browser, as that
  // of a payment session, and is the one thing for which an answer that was lost is asked for again.
  @Post()
  @HttpCode(200)
  @ApiId("The account holder's id.", EXAMPLE_HOLDER_ID)
  @ApiOperation({
    summary: "Begin to save a payment method",
    operationId: "savePaymentMethod",
    description:
      "`data` of the answer says what the shopper does next, such as to complete it in the browser with the client " +
      "secret. The method is listed once that is done, under an id of its own.",
  })
  @ApiEnvelope("payment_method", PaymentMethodResponse, "What was begun.", BEGUN_METHOD_EXAMPLE)
  async save(@Param("id") id: string, @Body() body: SavePaymentMethodRequest, @CalledBy() caller: Caller) {
    return { payment_method: toPaymentMethodResponse(await this.methods.save(id, body, caller)) }
  }

  @Delete(":method_id")
  @ApiId("The account holder's id.", EXAMPLE_HOLDER_ID)
  @ApiParam({ name: "method_id", description: "The method's id.", example: PAYMENT_METHOD_EXAMPLE.id })
  @ApiOperation({ summary: "Remove a saved payment method", operationId: "deletePaymentMethod" })
  @ApiDeleted("payment_method", PAYMENT_METHOD_EXAMPLE.id)
  async delete(@Param("id") id: string, @Param("method_id") methodId: string): Promise<Deleted<"payment_method">> {
    await this.methods.delete(id, methodId)
    return { id: methodId, object: "payment_method", deleted: true }
  }
}
