import { Controller, Get, Param, Post, Query, UseGuards, UseInterceptors } from "@nestjs/common"
import { ApiSecurity, ApiTags } from "@nestjs/swagger"
import { SecretKeyGuard } from "../api-keys/key.guards.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { Endpoint } from "../api/endpoint.js"
import { FieldsInterceptor } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
import { operationNotFound } from "../payment-model/not-found.js"
import { EXAMPLE } from "../payment-model/resources/examples.js"
import { providerNotAvailable } from "../payment-providers/calls/payment-provider.registry.js"
import { ListOperationsQuery } from "./operation.dto.js"
import { ADMIN_OPERATION, ADMIN_OPERATIONS } from "./operation.resource.js"
import { PaymentOperationsService } from "./payment-operations.service.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"
import { OperationInProgress } from "../payment-providers/calls/call.errors.js"

const OPERATION_ID = { description: "The operation's id.", example: EXAMPLE.operationId }

@ApiTags("Admin: operations")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@UseGuards(SecretKeyGuard)
@UseInterceptors(FieldsInterceptor)
@Controller("admin/operations")
export class AdminOperationsController {
  constructor(private readonly operations: PaymentOperationsService) {}

  @Endpoint({
    summary: "List operations",
    operationId: "listOperations",
    description:
      "Lists the calls to providers. `state[]=pending&state[]=unknown` selects those whose outcome is not known yet.",
    responds: ADMIN_OPERATIONS,
    response: "The operations.",
  })
  @Get()
  async list(@Query() query: ListOperationsQuery, @Context() { selection }: RequestContext) {
    return this.operations.list(query, selection)
  }

  @Endpoint({
    summary: "Get an operation",
    operationId: "getOperation",
    params: { id: OPERATION_ID },
    responds: ADMIN_OPERATION,
    response: "The operation.",
    errors: [operationNotFound(EXAMPLE.operationId)],
  })
  @Get(":id")
  async get(@Param("id") id: string, @Context() { selection }: RequestContext) {
    return this.operations.get(id, selection)
  }

  @Endpoint({
    summary: "Resolve an operation now",
    operationId: "retryOperation",
    description:
      "Asks the provider for the operation's outcome now, instead of at the next scheduled time. Nothing happens twice: " +
      "if the provider never saw the call, it is repeated with the same idempotency key. A resolved operation stays as " +
      "it is.",
    params: { id: OPERATION_ID },
    responds: ADMIN_OPERATION,
    response: "The operation as it is now.",
    errors: [
      operationNotFound(EXAMPLE.operationId),
      InvalidData,
      providerNotAvailable(EXAMPLE.stripeId),
      OperationInProgress,
    ],
  })
  @Post(":id/retry")
  async retry(@Param("id") id: string, @Context() { selection }: RequestContext) {
    return this.operations.retry(id, selection)
  }
}
