import { Controller, HttpCode, Param, Post, Req } from "@nestjs/common"
import { ApiBody, ApiConsumes, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from "@nestjs/swagger"
import type { FastifyRequest } from "fastify"
import { ApiErrors } from "../api/errors/error-docs.js"
import { RawBody } from "../api/raw-body.js"
import { WebhookInbox, forgedWebhook, takesNoWebhooks } from "./webhook-inbox.js"

const EXAMPLE_PROVIDER = "pp_stripe_stripe"

/** Receives the webhooks of payment providers. */
@ApiTags("Webhooks")
@Controller("hooks/payment")
export class PaymentHooksController {
  constructor(private readonly inbox: WebhookInbox) {}

  @Post(":provider")
  @HttpCode(200)
  @RawBody()
  @ApiOperation({
    summary: "Receive a webhook",
    operationId: "receivePaymentWebhook",
    description:
      "For payment providers, not for clients of this API. The signature is verified over the raw bytes. A genuine event " +
      "is stored once, acknowledged, and applied afterwards: see the webhook events.",
  })
  @ApiParam({
    name: "provider",
    description: "The provider's id, with or without `pp_`.",
    schema: { type: "string", example: EXAMPLE_PROVIDER },
  })
  @ApiConsumes("application/json")
  @ApiBody({ description: "The event, as the provider sends it.", schema: { type: "object" } })
  @ApiOkResponse({
    description: "The event is stored.",
    content: { "text/plain": { schema: { type: "string" }, example: "OK" } },
  })
  @ApiErrors(forgedWebhook("There is no valid Stripe-Signature header."), takesNoWebhooks(EXAMPLE_PROVIDER))
  async receive(@Param("provider") provider: string, @Req() { body, headers }: FastifyRequest): Promise<string> {
    const bytes = body instanceof Uint8Array ? body : new Uint8Array()
    await this.inbox.receive(provider, { body: bytes, headers, receivedAt: new Date() })
    return "OK"
  }
}
