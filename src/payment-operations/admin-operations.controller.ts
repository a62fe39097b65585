import { Body, Controller, Get, HttpCode, Param, Post, Query } from "@nestjs/common"
import { ApiOperation, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { ApiEnvelope, ApiId, ApiPage } from "../api/api-docs.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { exampleOf } from "../api/fields/example.js"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { SelectQuery } from "../api/lists/list-query.js"
import { NoBody } from "../api/validation/validation.js"
import { EXAMPLE } from "../payment-model/responses/examples.js"
import { toOperationResponse } from "../payment-model/responses/mappers.js"
import { OperationResponse } from "../payment-model/responses/operation.response.js"
import { ADMIN_OPERATION, ADMIN_OPERATIONS, ListOperationsQuery } from "./operation.dto.js"
import { PaymentOperationsService } from "./payment-operations.service.js"
import { operationNotFound } from "../payment-model/not-found.js"
import { providerNotAvailable } from "../payment-providers/calls/payment-provider.registry.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"
import { OperationInProgress } from "../payment-providers/calls/call.errors.js"

@ApiTags("Admin: operations")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@Controller("admin/operations")
export class AdminOperationsController {
  constructor(private readonly operations: PaymentOperationsService) {}

  @Get()
  @RespondsWith(ADMIN_OPERATIONS)
  @ApiOperation({
    summary: "List operations",
    operationId: "listOperations",
    description:
      "Every call to a provider. `state[]=pending&state[]=unknown` are those whose outcome is not known yet.",
  })
  @ApiPage("operations", OperationResponse, "The operations.", exampleOf(ADMIN_OPERATIONS))
  async list(@Query() query: ListOperationsQuery, @Selected() selection: Selection) {
    const { rows, ...page } = await this.operations.list(query, selection)
    return { operations: rows.map(toOperationResponse), ...page }
  }

  @Get(":id")
  @ApiId("The operation's id.", EXAMPLE.operationId)
  @RespondsWith(ADMIN_OPERATION)
  @ApiOperation({ summary: "Get an operation", operationId: "getOperation" })
  @ApiEnvelope("operation", OperationResponse, "The operation.", exampleOf(ADMIN_OPERATION))
  @ApiErrors(operationNotFound(EXAMPLE.operationId))
  async get(@Param("id") id: string, @Query() _query: SelectQuery, @Selected() selection: Selection) {
    return { operation: toOperationResponse(await this.operations.get(id, selection)) }
  }

  @Post(":id/retry")
  @HttpCode(200)
  @ApiId("The operation's id.", EXAMPLE.operationId)
  @RespondsWith(ADMIN_OPERATION)
  @ApiOperation({
    summary: "Settle an operation now",
    operationId: "retryOperation",
    description:
      "Asks the provider what became of it, instead of waiting for the next time the service does. Nothing happens twice: " +
      "a provider that never saw it is asked again with the same idempotency key. A settled operation stays as it is.",
  })
  @ApiEnvelope("operation", OperationResponse, "The operation as it is now.", exampleOf(ADMIN_OPERATION))
  @ApiErrors(
    operationNotFound(EXAMPLE.operationId),
    InvalidData,
    providerNotAvailable(EXAMPLE.stripeId),
    OperationInProgress,
  )
  async retry(
    @Param("id") id: string,
    @Body() _body: NoBody,
    @Query() _query: SelectQuery,
    @Selected() selection: Selection,
  ) {
    return { operation: toOperationResponse(await this.operations.retry(id, selection)) }
  }
}
