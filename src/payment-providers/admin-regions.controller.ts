import { Body, Controller, Get, HttpCode, Param, Post } from "@nestjs/common"
import { ApiOperation, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { ApiEnvelope, ApiId } from "../api/api-docs.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { ConfigureRegionRequest, REGION_EXAMPLE, RegionResponse, toRegionResponse } from "./payment-provider.dto.js"
import { PaymentProvidersService, providersNotEnabled, regionNotFound } from "./payment-providers.service.js"
import { EXAMPLE } from "../payment-model/responses/examples.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"

@ApiTags("Admin: regions")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@Controller("admin/regions")
export class AdminRegionsController {
  constructor(private readonly providers: PaymentProvidersService) {}

  @Post(":id")
  @ApiId("The region's id, in the words of the shop.", REGION_EXAMPLE.id)
  @HttpCode(200)
  @ApiOperation({
    summary: "Configure a region",
    operationId: "configureRegion",
    description:
      "Makes the region known and replaces the set of providers that it offers. A region that was never configured offers none.",
  })
  @ApiEnvelope("region", RegionResponse, "The region.", REGION_EXAMPLE)
  @ApiErrors(providersNotEnabled([EXAMPLE.stripeId], [EXAMPLE.providerId]))
  async configure(@Param("id") id: string, @Body() { payment_providers }: ConfigureRegionRequest) {
    return { region: toRegionResponse(id, await this.providers.configureRegion(id, payment_providers)) }
  }

  @Get(":id")
  @ApiId("The region's id, in the words of the shop.", REGION_EXAMPLE.id)
  @ApiOperation({ summary: "Get a region", operationId: "getRegion" })
  @ApiEnvelope("region", RegionResponse, "The region.", REGION_EXAMPLE)
  @ApiErrors(regionNotFound(REGION_EXAMPLE.id))
  async get(@Param("id") id: string) {
    return { region: toRegionResponse(id, await this.providers.getRegion(id)) }
  }
}
