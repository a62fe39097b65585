import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from "@nestjs/common"
import { ApiOperation, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { ApiEnvelope, ApiId, ApiPage } from "../api/api-docs.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { ApiDeleted, type Deleted } from "../api/deleted.js"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { SelectQuery } from "../api/lists/list-query.js"
import { ReplayAs } from "../api/repeat.js"
import {
  API_KEY,
  API_KEY_EXAMPLE,
  API_KEYS,
  ApiKeyResponse,
  ApiKeySalesChannelsRequest,
  CreateApiKeyRequest,
  ListApiKeysQuery,
  RevokeApiKeyRequest,
  toApiKeyResponse,
  UpdateApiKeyRequest,
  withoutSecret,
} from "./api-key.dto.js"
import { ApiKeysService, apiKeyNotFound, keyNotRevoked } from "./api-keys.service.js"
import { CalledBy, type Caller } from "./caller.js"
import { SecretKeyRequired } from "./api-key.errors.js"
import { InvalidData } from "../common/errors.js"

@ApiTags("Admin: API keys")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@Controller("admin/api-keys")
export class AdminApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Get()
  @RespondsWith(API_KEYS)
  @ApiOperation({ summary: "List API keys", operationId: "listApiKeys" })
  @ApiPage("api_keys", ApiKeyResponse, "The keys. Tokens of secret keys are not told.", API_KEY_EXAMPLE)
  async list(@Query() query: ListApiKeysQuery, @Selected() selection: Selection) {
    const { rows, ...page } = await this.keys.list(query, selection)
    return { api_keys: rows.map((key) => toApiKeyResponse(key)), ...page }
  }

  @Post()
  @HttpCode(200)
  @RespondsWith(API_KEY)
  @ReplayAs(withoutSecret)
  @ApiOperation({
    summary: "Create an API key",
    operationId: "createApiKey",
    description: "The token of a secret key is told in this answer and never again.",
  })
  @ApiEnvelope("api_key", ApiKeyResponse, "The key, with its token.", API_KEY_EXAMPLE)
  async create(@Body() body: CreateApiKeyRequest, @Query() _query: SelectQuery, @CalledBy() caller: Caller) {
    const { key, token } = await this.keys.create(body, caller.id)
    return { api_key: toApiKeyResponse(key, token) }
  }

  @Get(":id")
  @ApiId("The key's id.", API_KEY_EXAMPLE.id)
  @RespondsWith(API_KEY)
  @ApiOperation({ summary: "Get an API key", operationId: "getApiKey" })
  @ApiEnvelope("api_key", ApiKeyResponse, "The key.", API_KEY_EXAMPLE)
  @ApiErrors(apiKeyNotFound(API_KEY_EXAMPLE.id))
  async get(@Param("id") id: string, @Query() _query: SelectQuery) {
    return { api_key: toApiKeyResponse(await this.keys.get(id)) }
  }

  @Post(":id")
  @ApiId("The key's id.", API_KEY_EXAMPLE.id)
  @HttpCode(200)
  @RespondsWith(API_KEY)
  @ApiOperation({ summary: "Rename an API key", operationId: "updateApiKey" })
  @ApiEnvelope("api_key", ApiKeyResponse, "The key.", API_KEY_EXAMPLE)
  @ApiErrors(apiKeyNotFound(API_KEY_EXAMPLE.id))
  async update(@Param("id") id: string, @Body() { title }: UpdateApiKeyRequest, @Query() _query: SelectQuery) {
    return { api_key: toApiKeyResponse(await this.keys.rename(id, title)) }
  }

  @Post(":id/revoke")
  @ApiId("The key's id.", API_KEY_EXAMPLE.id)
  @HttpCode(200)
  @RespondsWith(API_KEY)
  @ApiOperation({
    summary: "Revoke an API key",
    operationId: "revokeApiKey",
    description: "At once, or after `revoke_in` seconds. Every instance refuses the key within ten seconds of that.",
  })
  @ApiEnvelope("api_key", ApiKeyResponse, "The key.", API_KEY_EXAMPLE)
  @ApiErrors(apiKeyNotFound(API_KEY_EXAMPLE.id))
  async revoke(
    @Param("id") id: string,
    @Body() { revoke_in }: RevokeApiKeyRequest,
    @Query() _query: SelectQuery,
    @CalledBy() caller: Caller,
  ) {
    return { api_key: toApiKeyResponse(await this.keys.revoke(id, revoke_in ?? 0, caller.id)) }
  }

  @Post(":id/sales-channels")
  @ApiId("The key's id.", API_KEY_EXAMPLE.id)
  @HttpCode(200)
  @RespondsWith(API_KEY)
  @ApiOperation({
    summary: "Confine a publishable key to sales channels",
    operationId: "changeApiKeySalesChannels",
    description: "A key with channels sees only the carts and collections that belong to them, or to none.",
  })
  @ApiEnvelope("api_key", ApiKeyResponse, "The key.", API_KEY_EXAMPLE)
  @ApiErrors(apiKeyNotFound(API_KEY_EXAMPLE.id))
  async changeSalesChannels(
    @Param("id") id: string,
    @Body() { add, remove }: ApiKeySalesChannelsRequest,
    @Query() _query: SelectQuery,
  ) {
    return { api_key: toApiKeyResponse(await this.keys.changeSalesChannels(id, add ?? [], remove ?? [])) }
  }

  @Delete(":id")
  @ApiId("The key's id.", API_KEY_EXAMPLE.id)
  @ApiOperation({ summary: "Delete a revoked API key", operationId: "deleteApiKey" })
  @ApiDeleted("api_key", API_KEY_EXAMPLE.id)
  @ApiErrors(apiKeyNotFound(API_KEY_EXAMPLE.id), InvalidData, keyNotRevoked(API_KEY_EXAMPLE.id))
  async delete(@Param("id") id: string): Promise<Deleted<"api_key">> {
    await this.keys.delete(id)
    return { id, object: "api_key", deleted: true }
  }
}
