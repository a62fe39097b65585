import { Body, Controller, Delete, Get, Param, Post, Query, UseGuards, UseInterceptors } from "@nestjs/common"
import { ApiSecurity, ApiTags } from "@nestjs/swagger"
import { SecretKeyGuard } from "../api-keys/key.guards.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { Endpoint } from "../api/endpoint.js"
import { FieldsInterceptor } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
import { deleted } from "../api/response-body.js"
import { reasonCodeTaken } from "../payment-model/constraints.js"
import { EXAMPLE } from "../payment-model/resources/examples.js"
import { ADMIN_REFUND_REASON, ADMIN_REFUND_REASONS } from "../payment-model/resources/refund-reason.resource.js"
import { CreateRefundReasonRequest, ListRefundReasonsQuery, UpdateRefundReasonRequest } from "./refund-reason.dto.js"
import { RefundReasonsService, refundReasonNotFound } from "./refund-reasons.service.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"

const REASON_ID = { description: "The reason's id.", example: EXAMPLE.reasonId }

@ApiTags("Admin: refund reasons")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@UseGuards(SecretKeyGuard)
@UseInterceptors(FieldsInterceptor)
@Controller("admin/refund-reasons")
export class AdminRefundReasonsController {
  constructor(private readonly reasons: RefundReasonsService) {}

  @Endpoint({
    summary: "List refund reasons",
    operationId: "listRefundReasons",
    responds: ADMIN_REFUND_REASONS,
    response: "The reasons.",
  })
  @Get()
  async list(@Query() query: ListRefundReasonsQuery, @Context() { selection }: RequestContext) {
    return this.reasons.list(query, selection)
  }

  @Endpoint({
    summary: "Create a refund reason",
    operationId: "createRefundReason",
    responds: ADMIN_REFUND_REASON,
    response: "The reason.",
    errors: [reasonCodeTaken()],
  })
  @Post()
  async create(@Body() body: CreateRefundReasonRequest) {
    return this.reasons.create(body)
  }

  @Endpoint({
    summary: "Get a refund reason",
    operationId: "getRefundReason",
    params: { id: REASON_ID },
    responds: ADMIN_REFUND_REASON,
    response: "The reason.",
    errors: [refundReasonNotFound(EXAMPLE.reasonId)],
  })
  @Get(":id")
  async get(@Param("id") id: string) {
    return this.reasons.get(id)
  }

  @Endpoint({
    summary: "Change a refund reason",
    operationId: "updateRefundReason",
    params: { id: REASON_ID },
    responds: ADMIN_REFUND_REASON,
    response: "The reason.",
    errors: [refundReasonNotFound(EXAMPLE.reasonId), reasonCodeTaken()],
  })
  @Post(":id")
  async update(@Param("id") id: string, @Body() body: UpdateRefundReasonRequest) {
    return this.reasons.update(id, body)
  }

  @Endpoint({
    summary: "Delete a refund reason",
    operationId: "deleteRefundReason",
    description: "Refunds that name the reason keep it. Its code can be used again.",
    params: { id: REASON_ID },
    responds: deleted("refund_reason", EXAMPLE.reasonId),
    response: "The reason is deleted.",
    errors: [refundReasonNotFound(EXAMPLE.reasonId)],
  })
  @Delete(":id")
  async delete(@Param("id") id: string) {
    return this.reasons.delete(id)
  }
}
