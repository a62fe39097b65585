import type { NestFastifyApplication } from "@nestjs/platform-fastify"
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from "@nestjs/swagger"

const DESCRIPTION = `
Everything that is paid for one cart: payment sessions with providers, the payments they become, captures and refunds.
Speaks the wire format of Medusa v2, so \`@medusajs/js-sdk\` works unchanged.

**Try it:** press *Authorize*, enter a publishable key for the store routes and a secret key for the admin routes (the
service prints both at start where it runs on its embedded database), then *Try it out*. Amounts are in major units.
`.trim()

/** Serves the API document at /docs-json and Swagger UI at /docs. */
export function setUpApiDocument(app: NestFastifyApplication): void {
  SwaggerModule.setup("docs", app, () => buildApiDocument(app), {
    jsonDocumentUrl: "docs-json",
    yamlDocumentUrl: "docs-yaml",
    customSiteTitle: "Payment Collections",
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tryItOutEnabled: true },
  })
}

export function buildApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle("Payment Collections")
    .setDescription(DESCRIPTION)
    .setVersion("0.1.0")
    .setLicense("MIT", "https://opensource.org/license/mit")
    .setOpenAPIVersion("3.0.3")
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
    .addBearerAuth(
      {
        type: "http",
        scheme: "bearer",
        description: "A secret key (`sk_...`), for the admin routes. `Basic` with the key as user name works too.",
      },
      "secret_key",
    )
    .build()
  return SwaggerModule.createDocument(app, config)
}
