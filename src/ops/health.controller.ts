import { Controller, Get, HttpCode } from "@nestjs/common"
import { ApiOkResponse, ApiOperation, ApiTags } from "@nestjs/swagger"
import { HealthCheckService, TypeOrmHealthIndicator, type HealthCheckResult } from "@nestjs/terminus"
import { ApiErrors } from "../common/api-docs.js"

/** Milliseconds that the database may take to answer before the service counts as not ready. */
const PING_TIMEOUT = 2_000

const STATUS_SCHEMA = {
  type: "object",
  properties: { status: { type: "string", example: "ok" } },
  required: ["status"],
}

@ApiTags("Health")
@Controller("health")
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly database: TypeOrmHealthIndicator,
  ) {}

  @Get("live")
  @HttpCode(200)
  @ApiOperation({ summary: "Whether the process runs", operationId: "getLiveness" })
  @ApiOkResponse({ description: "It does.", schema: STATUS_SCHEMA })
  live() {
    return { status: "ok" }
  }

  @Get("ready")
  @ApiOperation({
    summary: "Whether requests can be served",
    operationId: "getReadiness",
    description: "Asks the database.",
  })
  @ApiOkResponse({ description: "They can.", schema: STATUS_SCHEMA })
  @ApiErrors()
  async ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.database.pingCheck("database", { timeout: PING_TIMEOUT })])
  }
}
