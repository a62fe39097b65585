import { Controller, Get, HttpCode } from "@nestjs/common"
import { ApiOkResponse, ApiOperation, ApiTags } from "@nestjs/swagger"
import { HealthCheckService, TypeOrmHealthIndicator, type HealthCheckResult } from "@nestjs/terminus"
import { ApiErrors } from "../api/errors/error-docs.js"
import { VERSION } from "../common/version.js"

/** Milliseconds that the database may take to respond before the service counts as not ready. */
const PING_TIMEOUT = 2_000

const STATUS = { type: "string", description: "Always ok." }

const LIVE = {
  schema: {
    type: "object",
    properties: { status: STATUS, version: { type: "string", description: "The version of the service." } },
    required: ["status", "version"],
  },
  example: { status: "ok", version: VERSION },
}

const DATABASE_UP = { database: { status: "up", responseTime: 1 } }

const READY = {
  schema: {
    type: "object",
    properties: {
      status: STATUS,
      info: { type: "object", additionalProperties: true, description: "The checks that passed." },
      error: { type: "object", additionalProperties: true, description: "The checks that failed: none." },
      details: { type: "object", additionalProperties: true, description: "All checks." },
    },
    required: ["status", "info", "error", "details"],
  },
  example: { status: "ok", info: DATABASE_UP, error: {}, details: DATABASE_UP },
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
  @ApiOkResponse({ description: "The process runs.", content: { "application/json": LIVE } })
  live() {
    return { status: "ok", version: VERSION }
  }

  @Get("ready")
  @ApiOperation({
    summary: "Whether requests can be served",
    operationId: "getReadiness",
    description: "Queries the database.",
  })
  @ApiOkResponse({ description: "The database responds.", content: { "application/json": READY } })
  @ApiErrors()
  async ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.database.pingCheck("database", { timeout: PING_TIMEOUT })])
  }
}
