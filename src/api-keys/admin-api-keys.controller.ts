import { Body, Controller, Delete, Get, Param, Post, Query, UseGuards, UseInterceptors } from "@nestjs/common"
import { ApiSecurity, ApiTags } from "@nestjs/swagger"
import { ApiErrors } from "../api/errors/error-docs.js"
import { Endpoint } from "../api/endpoint.js"
import { FieldsInterceptor } from "../api/fields/fields.interceptor.js"
import { ReplayAs } from "../api/repeat.js"
import { Context, RequestContext } from "../api/request-context.js"
import { deleted } from "../api/response-body.js"
import {
  ApiKeySalesChannelsRequest,
  CreateApiKeyRequest,
  ListApiKeysQuery,
  RevokeApiKeyRequest,
  UpdateApiKeyRequest,
} from "./api-key.dto.js"
import { ADMIN_API_KEY, ADMIN_API_KEYS, EXAMPLE_KEY_ID, NEW_API_KEY, withoutSecret } from "./api-key.resource.js"
import { ApiKeysService, apiKeyNotFound, keyNotRevoked } from "./api-keys.service.js"
import { SecretKeyGuard } from "./key.guards.js"
import { SecretKeyRequired } from "./api-key.errors.js"
import { InvalidData } from "../common/errors.js"

const KEY_ID = { description: "The key's id.", example: EXAMPLE_KEY_ID }

@ApiTags("Admin: API keys")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@UseGuards(SecretKeyGuard)
@UseInterceptors(FieldsInterceptor)
@Controller("admin/api-keys")
export class AdminApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Endpoint({
    summary: "List API keys",
    operationId: "listApiKeys",
    responds: ADMIN_API_KEYS,
    response: "The keys. Tokens of secret keys are not shown.",
  })
  @Get()
  async list(@Query() query: ListApiKeysQuery, @Context() { selection }: RequestContext) {
    return this.keys.list(query, selection)
  }

  @Endpoint({
    summary: "Create an API key",
    operationId: "createApiKey",
    description: "The token of a secret key is shown in this response and never again.",
    responds: NEW_API_KEY,
    response: "The key, with its token.",
  })
  @ReplayAs(withoutSecret)
  @Post()
  async create(@Body() body: CreateApiKeyRequest, @Context() { caller }: RequestContext) {
    return this.keys.create(body, caller.id)
  }

  @Endpoint({
    summary: "Get an API key",
    operationId: "getApiKey",
    params: { id: KEY_ID },
    responds: ADMIN_API_KEY,
    response: "The key.",
    errors: [apiKeyNotFound(EXAMPLE_KEY_ID)],
  })
  @Get(":id")
  async get(@Param("id") id: string) {
    return this.keys.get(id)
  }

  @Endpoint({
    summary: "Rename an API key",
    operationId: "updateApiKey",
    params: { id: KEY_ID },
    responds: ADMIN_API_KEY,
    response: "The key.",
    errors: [apiKeyNotFound(EXAMPLE_KEY_ID)],
  })
  @Post(":id")
  async update(@Param("id") id: string, @Body() { title }: UpdateApiKeyRequest) {
    return this.keys.rename(id, title)
  }

  @Endpoint({
    summary: "Revoke an API key",
    operationId: "revokeApiKey",
    description:
      "Revokes the key immediately, or after `revoke_in` seconds. Every instance refuses the key within ten seconds of " +
      "that.",
    params: { id: KEY_ID },
    responds: ADMIN_API_KEY,
    response: "The key.",
    errors: [apiKeyNotFound(EXAMPLE_KEY_ID)],
  })
  @Post(":id/revoke")
  async revoke(
    @Param("id") id: string,
    @Body() { revoke_in }: RevokeApiKeyRequest,
    @Context() { caller }: RequestContext,
  ) {
    return this.keys.revoke(id, revoke_in ?? 0, caller.id)
  }

  @Endpoint({
    summary: "Confine a publishable key to sales channels",
    operationId: "changeApiKeySalesChannels",
    description: "A key with channels sees only the carts and collections that belong to them, or to none.",
    params: { id: KEY_ID },
    responds: ADMIN_API_KEY,
    response: "The key.",
    errors: [apiKeyNotFound(EXAMPLE_KEY_ID)],
  })
  @Post(":id/sales-channels")
  async changeSalesChannels(@Param("id") id: string, @Body() { add, remove }: ApiKeySalesChannelsRequest) {
    return this.keys.changeSalesChannels(id, add ?? [], remove ?? [])
  }

  @Endpoint({
    summary: "Delete a revoked API key",
    operationId: "deleteApiKey",
    params: { id: KEY_ID },
    responds: deleted("api_key", EXAMPLE_KEY_ID),
    response: "The key is deleted.",
    errors: [apiKeyNotFound(EXAMPLE_KEY_ID), InvalidData, keyNotRevoked(EXAMPLE_KEY_ID)],
  })
  @Delete(":id")
  async delete(@Param("id") id: string) {
    return this.keys.delete(id)
  }
}
