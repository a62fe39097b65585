import { Body, Controller, Delete, Get, Param, Post, Query, UseGuards, UseInterceptors } from "@nestjs/common"
import { ApiSecurity, ApiTags } from "@nestjs/swagger"
import { SecretKeyGuard } from "../api-keys/key.guards.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { Endpoint } from "../api/endpoint.js"
import { FieldsInterceptor } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
import { deleted } from "../api/response-body.js"
import { EXAMPLE } from "../payment-model/resources/examples.js"
import { providerNotAvailable } from "../payment-providers/calls/payment-provider.registry.js"
import { CreateAccountHolderRequest, ListAccountHoldersQuery } from "./account-holder.dto.js"
import {
  ACCOUNT_HOLDER_ID,
  ADMIN_ACCOUNT_HOLDER,
  ADMIN_ACCOUNT_HOLDERS,
  EXAMPLE_HOLDER_ID,
} from "./account-holder.resource.js"
import { AccountHoldersService, accountHolderNotFound, keepsNoAccountHolders } from "./account-holders.service.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"
import { PaymentDeclined, ProviderError } from "../payment-providers/calls/call.errors.js"

@ApiTags("Admin: account holders")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@UseGuards(SecretKeyGuard)
@UseInterceptors(FieldsInterceptor)
@Controller("admin/account-holders")
export class AdminAccountHoldersController {
  constructor(private readonly holders: AccountHoldersService) {}

  @Endpoint({
    summary: "List account holders",
    operationId: "listAccountHolders",
    responds: ADMIN_ACCOUNT_HOLDERS,
    response: "The account holders.",
  })
  @Get()
  async list(@Query() query: ListAccountHoldersQuery, @Context() { selection }: RequestContext) {
    return this.holders.list(query, selection)
  }

  @Endpoint({
    summary: "Create an account holder at a provider",
    operationId: "createAccountHolder",
    description:
      "Creates the customer at the provider, once. If the customer has an account holder, the response is that one, " +
      "unchanged. A payment session of a cart with a customer does the same automatically.",
    responds: ADMIN_ACCOUNT_HOLDER,
    response: "The account holder.",
    errors: [InvalidData, keepsNoAccountHolders(EXAMPLE.providerId, true), PaymentDeclined, ProviderError],
  })
  @Post()
  async create(@Body() body: CreateAccountHolderRequest) {
    return this.holders.create(body)
  }

  @Endpoint({
    summary: "Get an account holder",
    operationId: "getAccountHolder",
    params: { id: ACCOUNT_HOLDER_ID },
    responds: ADMIN_ACCOUNT_HOLDER,
    response: "The account holder.",
    errors: [accountHolderNotFound(EXAMPLE_HOLDER_ID)],
  })
  @Get(":id")
  async get(@Param("id") id: string) {
    return this.holders.get(id)
  }

  @Endpoint({
    summary: "Delete an account holder at its provider",
    operationId: "deleteAccountHolder",
    description:
      "Also removes the payment methods that the customer saved there. Payments that were made stay as they are.",
    params: { id: ACCOUNT_HOLDER_ID },
    responds: deleted("account_holder", EXAMPLE_HOLDER_ID),
    response: "The account holder is deleted.",
    errors: [
      InvalidData,
      accountHolderNotFound(EXAMPLE_HOLDER_ID),
      providerNotAvailable(EXAMPLE.stripeId),
      PaymentDeclined,
      ProviderError,
    ],
  })
  @Delete(":id")
  async delete(@Param("id") id: string) {
    return this.holders.delete(id)
  }
}
