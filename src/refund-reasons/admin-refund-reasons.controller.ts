import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from "@nestjs/common"
import { ApiOperation, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { ApiEnvelope, ApiId, ApiPage } from "../api/api-docs.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { ApiDeleted, type Deleted } from "../api/deleted.js"
import { exampleOf } from "../api/fields/example.js"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { SelectQuery } from "../api/lists/list-query.js"
import { EXAMPLE } from "../payment-model/responses/examples.js"
import { toRefundReasonResponse } from "../payment-model/responses/mappers.js"
import { RefundReasonResponse } from "../payment-model/responses/refund-reason.response.js"
import {
  CreateRefundReasonRequest,
  ListRefundReasonsQuery,
  REFUND_REASON,
  REFUND_REASONS,
  UpdateRefundReasonRequest,
} from "./refund-reason.dto.js"
import { RefundReasonsService, refundReasonNotFound } from "./refund-reasons.service.js"
import { reasonCodeTaken } from "../payment-model/constraints.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"

const REASON_EXAMPLE = exampleOf(REFUND_REASON)

@ApiTags("Admin: refund reasons")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@Controller("admin/refund-reasons")
export class AdminRefundReasonsController {
  constructor(private readonly reasons: RefundReasonsService) {}

  @Get()
  @RespondsWith(REFUND_REASONS)
  @ApiOperation({ summary: "List refund reasons", operationId: "listRefundReasons" })
  @ApiPage("refund_reasons", RefundReasonResponse, "The reasons.", REASON_EXAMPLE)
  async list(@Query() query: ListRefundReasonsQuery, @Selected() selection: Selection) {
    const { rows, ...page } = await this.reasons.list(query, selection)
    return { refund_reasons: rows.map(toRefundReasonResponse), ...page }
  }

  @Post()
  @HttpCode(200)
  @RespondsWith(REFUND_REASON)
  @ApiOperation({ summary: "Create a refund reason", operationId: "createRefundReason" })
  @ApiEnvelope("refund_reason", RefundReasonResponse, "The reason.", REASON_EXAMPLE)
  @ApiErrors(reasonCodeTaken())
  async create(@Body() body: CreateRefundReasonRequest, @Query() _query: SelectQuery) {
    return { refund_reason: toRefundReasonResponse(await this.reasons.create(body)) }
  }

  @Get(":id")
  @ApiId("The reason's id.", EXAMPLE.reasonId)
  @RespondsWith(REFUND_REASON)
  @ApiOperation({ summary: "Get a refund reason", operationId: "getRefundReason" })
  @ApiEnvelope("refund_reason", RefundReasonResponse, "The reason.", REASON_EXAMPLE)
  @ApiErrors(refundReasonNotFound(EXAMPLE.reasonId))
  async get(@Param("id") id: string, @Query() _query: SelectQuery) {
    return { refund_reason: toRefundReasonResponse(await this.reasons.get(id)) }
  }

  @Post(":id")
  @HttpCode(200)
  @ApiId("The reason's id.", EXAMPLE.reasonId)
  @RespondsWith(REFUND_REASON)
  @ApiOperation({ summary: "Change a refund reason", operationId: "updateRefundReason" })
  @ApiEnvelope("refund_reason", RefundReasonResponse, "The reason.", REASON_EXAMPLE)
  @ApiErrors(refundReasonNotFound(EXAMPLE.reasonId), reasonCodeTaken())
  async update(@Param("id") id: string, @Body() body: UpdateRefundReasonRequest, @Query() _query: SelectQuery) {
    return { refund_reason: toRefundReasonResponse(await this.reasons.update(id, body)) }
  }

  @Delete(":id")
  @ApiId("The reason's id.", EXAMPLE.reasonId)
  @ApiOperation({
    summary: "Delete a refund reason",
    operationId: "deleteRefundReason",
    description: "Refunds that name it keep it; its code is free again.",
  })
  @ApiDeleted("refund_reason", EXAMPLE.reasonId)
  @ApiErrors(refundReasonNotFound(EXAMPLE.reasonId))
  async delete(@Param("id") id: string): Promise<Deleted<"refund_reason">> {
    await this.reasons.delete(id)
    return { id, object: "refund_reason", deleted: true }
  }
}
