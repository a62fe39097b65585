import { Body, Controller, Get, Param, Post, UseGuards, UseInterceptors } from "@nestjs/common"
import { ApiSecurity, ApiTags } from "@nestjs/swagger"
import { SecretKeyGuard } from "../api-keys/key.guards.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { Endpoint } from "../api/endpoint.js"
import { FieldsInterceptor } from "../api/fields/fields.interceptor.js"
import { EXAMPLE } from "../payment-model/resources/examples.js"
import { ConfigureRegionRequest } from "./payment-provider.dto.js"
import { PaymentProvidersService, providersNotEnabled, regionNotFound } from "./payment-providers.service.js"
import { REGION, REGION_EXAMPLE } from "./region.resource.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"

const REGION_ID = { description: "The shop's id of the region.", example: REGION_EXAMPLE.id }

@ApiTags("Admin: regions")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@UseGuards(SecretKeyGuard)
@UseInterceptors(FieldsInterceptor)
@Controller("admin/regions")
export class AdminRegionsController {
  constructor(private readonly providers: PaymentProvidersService) {}

  @Endpoint({
    summary: "Configure a region",
    operationId: "configureRegion",
    description:
      "Creates the region if it is new, and replaces the set of providers that it offers. A region that was never " +
      "configured offers none.",
    params: { id: REGION_ID },
    responds: REGION,
    response: "The region.",
    errors: [providersNotEnabled([EXAMPLE.stripeId], [EXAMPLE.providerId])],
  })
  @Post(":id")
  async configure(@Param("id") id: string, @Body() { payment_providers }: ConfigureRegionRequest) {
    return this.providers.configureRegion(id, payment_providers)
  }

  @Endpoint({
    summary: "Get a region",
    operationId: "getRegion",
    params: { id: REGION_ID },
    responds: REGION,
    response: "The region.",
    errors: [regionNotFound(REGION_EXAMPLE.id)],
  })
  @Get(":id")
  async get(@Param("id") id: string) {
    return this.providers.getRegion(id)
  }
}
