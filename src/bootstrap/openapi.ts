import type { NestFastifyApplication } from "@nestjs/platform-fastify"
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from "@nestjs/swagger"
import { documentEndpoints } from "../api/endpoint-docs.js"
import { VERSION } from "../common/version.js"
import { completeDocument } from "./openapi-completion.js"
import { toOpenApi31 } from "./openapi-31.js"

const DESCRIPTION = `
Everything that is paid for one cart: payment sessions with providers, the payments they become, captures and refunds.
Speaks the wire format of Medusa v2, so \`@medusajs/js-sdk\` works unchanged.

**Try it:** press *Authorize*, enter a publishable key for the store routes and a secret key for the admin routes (in
development the service prints both at start), then *Execute*. Amounts are in major units.

**The order of calls:**

1. \`PUT /admin/carts/{id}\`: the service that owns carts reports a cart.
2. \`POST /store/payment-collections\`: the storefront gets the payment collection of the cart.
3. \`POST /store/payment-collections/{id}/payment-sessions\`: the shopper chooses a provider.
4. \`POST /store/payment-collections/{id}/payment-sessions/{session_id}/authorize\`: the session becomes a payment.
5. \`POST /admin/payments/{id}/capture\`: an operator takes the money, all or a part.
6. \`POST /admin/payments/{id}/refund\`: an operator returns it, all or a part.

**Requests** may carry an id in the header \`x-request-id\` (letters, digits, \`_.:-\`, at most 128); every response
repeats it.

**Selecting fields:** a response holds what \`fields\` selects; only \`id\` is always there. \`fields\` is a comma-separated
list. \`name\` replaces all defaults, \`+name\` adds to them, \`-name\` removes. \`*relation\` (or \`relation.*\`, or
\`relation\`) expands a relation, \`relation.name\` selects inside it. Only the last relation of a path may lead back to a
resource that the path has passed. An unknown name is refused with 400.
`.trim()

/** Serves the API document at /docs-json and Swagger UI at /docs. */
export function serveApiDocument(app: NestFastifyApplication): void {
  SwaggerModule.setup("docs", app, () => buildApiDocument(app), {
    jsonDocumentUrl: "docs-json",
    yamlDocumentUrl: "docs-yaml",
    customSiteTitle: "Payment Collections",
    swaggerOptions: {
      docExpansion: "none",
      filter: true,
      persistAuthorization: true,
      displayRequestDuration: true,
      tryItOutEnabled: true,
    },
  })
}

/** The groups of routes, in the order of the page. */
const TAGS: Record<string, string> = {
  "Store: payment collections": "What a storefront does first: get the payment collection of a cart.",
  "Store: payment sessions": "Choose how to pay, and pay.",
  "Store: payment providers": "What a shopper can pay with.",
  "Admin: payment collections": "Collections as operators see them, and those of orders.",
  "Admin: payment sessions": "Sessions that an operator opens or authorizes.",
  "Admin: orders": "Orders whose payment the provider authorizes late.",
  "Admin: payments": "The money that providers have authorized.",
  "Admin: payment providers": "The providers that this service was started with.",
  "Admin: refund reasons": "Reasons that a refund can name.",
  "Admin: account holders": "Customers at providers, and the payment methods that they saved there.",
  "Admin: operations": "The calls to providers, with their outcomes.",
  "Admin: webhook events": "Webhooks that payment providers have sent.",
  "Admin: regions": "Which providers a region offers.",
  "Admin: carts": "Carts, as the service that owns them reports them.",
  "Admin: events": "The feed of events, for other services.",
  "Admin: API keys": "Publishable keys for storefronts, secret keys for operators.",
  Webhooks: "Where payment providers send their webhooks.",
  Health: "For load balancers and orchestrators.",
}

function buildApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle("Payment Collections")
    .setDescription(DESCRIPTION)
    .setVersion(VERSION)
    .setLicense("MIT", "https://opensource.org/license/mit")
    .addServer("/", "This service")
    .addApiKey(
      {
        type: "apiKey",
        in: "header",
        name: "x-publishable-api-key",
        description: "A publishable key (`pk_...`), for the store routes.",
      },
      "publishable_key",
    )
    .addSecurity("secret_key", {
      type: "http",
      scheme: "bearer",
      description: "A secret key (`sk_...`), for the admin routes.",
    })
    .addSecurity("secret_key_basic", {
      type: "http",
      scheme: "basic",
      description:
        "The same secret key as user name, without a password, as `@medusajs/js-sdk` sends it. One of the two is enough.",
    })
  for (const [name, description] of Object.entries(TAGS)) config.addTag(name, description)
  const document = SwaggerModule.createDocument(app, config.build())
  documentEndpoints(app, document)
  return toOpenApi31(completeDocument(document))
}
