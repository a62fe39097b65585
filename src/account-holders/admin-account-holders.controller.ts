import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from "@nestjs/common"
import { ApiOperation, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { ApiEnvelope, ApiId, ApiPage } from "../api/api-docs.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { ApiDeleted, type Deleted } from "../api/deleted.js"
import { exampleOf } from "../api/fields/example.js"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { SelectQuery } from "../api/lists/list-query.js"
import {
  ACCOUNT_HOLDER,
  ACCOUNT_HOLDERS,
  AccountHolderResponse,
  CreateAccountHolderRequest,
  EXAMPLE_HOLDER_ID,
  ListAccountHoldersQuery,
  toAccountHolderResponse,
} from "./account-holder.dto.js"
import { AccountHoldersService, accountHolderNotFound, keepsNoAccountHolders } from "./account-holders.service.js"
import { EXAMPLE } from "../payment-model/responses/examples.js"
import { providerNotAvailable } from "../payment-providers/calls/payment-provider.registry.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"
import { PaymentDeclined, ProviderError } from "../payment-providers/calls/call.errors.js"

const HOLDER_EXAMPLE = exampleOf(ACCOUNT_HOLDER)

@ApiTags("Admin: account holders")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@Controller("admin/account-holders")
export class AdminAccountHoldersController {
  constructor(private readonly holders: AccountHoldersService) {}

  @Get()
  @RespondsWith(ACCOUNT_HOLDERS)
  @ApiOperation({ summary: "List account holders", operationId: "listAccountHolders" })
  @ApiPage("account_holders", AccountHolderResponse, "The account holders.", HOLDER_EXAMPLE)
  async list(@Query() query: ListAccountHoldersQuery, @Selected() selection: Selection) {
    const { rows, ...page } = await this.holders.list(query, selection)
    return { account_holders: rows.map(toAccountHolderResponse), ...page }
  }

  @Post()
  @HttpCode(200)
  @RespondsWith(ACCOUNT_HOLDER)
  @ApiOperation({
    summary: "Make a customer known to a provider",
    operationId: "createAccountHolder",
    description:
      "Once for each customer: where there is an account holder, that one is answered as it is. A payment session of a " +
      "cart that has a customer does the same by itself.",
  })
  @ApiEnvelope("account_holder", AccountHolderResponse, "The account holder.", HOLDER_EXAMPLE)
  @ApiErrors(InvalidData, keepsNoAccountHolders(EXAMPLE.providerId, true), PaymentDeclined, ProviderError)
  async create(@Body() body: CreateAccountHolderRequest, @Query() _query: SelectQuery) {
    return { account_holder: toAccountHolderResponse(await this.holders.create(body)) }
  }

  @Get(":id")
  @ApiId("The account holder's id.", EXAMPLE_HOLDER_ID)
  @RespondsWith(ACCOUNT_HOLDER)
  @ApiOperation({ summary: "Get an account holder", operationId: "getAccountHolder" })
  @ApiEnvelope("account_holder", AccountHolderResponse, "The account holder.", HOLDER_EXAMPLE)
  @ApiErrors(accountHolderNotFound(EXAMPLE_HOLDER_ID))
  async get(@Param("id") id: string, @Query() _query: SelectQuery) {
    return { account_holder: toAccountHolderResponse(await this.holders.get(id)) }
  }

  @Delete(":id")
  @ApiId("The account holder's id.", EXAMPLE_HOLDER_ID)
  @ApiOperation({
    summary: "Remove a customer from a provider's books",
    operationId: "deleteAccountHolder",
    description: "With every means of payment that the customer saved there. Payments that were made stay as they are.",
  })
  @ApiDeleted("account_holder", EXAMPLE_HOLDER_ID)
  @ApiErrors(
    InvalidData,
    accountHolderNotFound(EXAMPLE_HOLDER_ID),
    providerNotAvailable(EXAMPLE.stripeId),
    PaymentDeclined,
    ProviderError,
  )
  async delete(@Param("id") id: string): Promise<Deleted<"account_holder">> {
    await this.holders.delete(id)
    return { id, object: "account_holder", deleted: true }
  }
}
