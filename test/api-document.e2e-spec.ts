import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { readFileSync } from "node:fs"
import { createConfig, lintFromString } from "@redocly/openapi-core"
import { allResources, type Resource } from "../src/api/fields/resource.js"
import { ApiSchemas, shapeDifferences, type ApiSchema } from "./support/api-schema.js"
import { expectGenerated } from "./support/generated-file.js"
import { BOOKS_PROVIDER_ID, FakeBooks, providerWithBooks } from "./support/fake-books.js"
import { newCollection, newPaidCollection, newPayment, newSession, putCart } from "./support/factories.js"
import { REGION, TestService, type Answer } from "./support/service.js"
import { signed, TellingAccount } from "./support/telling-account.js"
import { tellingProviders } from "./support/telling-provider.js"

interface Media {
  schema?: ApiSchema
  example?: unknown
  examples?: Record<string, { value: unknown }>
}

interface Operation {
  method: string
  path: string
  operationId: string
  summary?: string
  tags?: string[]
  security?: Record<string, unknown>[]
  parameters?: {
    name: string
    in: string
    description?: string
    required: boolean
    schema: ApiSchema
    example?: unknown
  }[]
  requestBody?: { required: boolean; content: Record<string, Media> }
  responses: Record<
    string,
    { description: string; headers?: Record<string, ApiSchema>; content?: Record<string, Media> }
  >
}

let service: TestService
let document: any
let schemas: ApiSchemas
let operations: Operation[]
beforeAll(async () => {
  const modules = [providerWithBooks(new FakeBooks()), tellingProviders(new TellingAccount(), new TellingAccount())]
  service = await TestService.start({}, { modules })
  document = (await service.call("GET", "/docs-json", undefined, {})).body
  schemas = new ApiSchemas(document)
  operations = Object.entries<Record<string, any>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  )
})
afterAll(() => service.close())

const JSON_TYPE = "application/json"
const nameOf = ({ method, path }: Operation) => `${method} ${path}`
const isProtected = ({ path }: Operation) => /^\/(store|admin)\//.test(path)

/** The operations for which a statement does not hold, so that a failure names them. */
const exceptions = (holds: (operation: Operation) => boolean) =>
  operations.filter((operation) => !holds(operation)).map(nameOf)

function operation(id: string): Operation {
  const found = operations.find(({ operationId }) => operationId === id)
  if (!found) throw new Error(`No operation is called ${id}`)
  return found
}

const answerOf = (id: string): Media => Object.values(operation(id).responses["200"]?.content ?? {})[0] ?? {}
const bodyOf = (id: string): any => operation(id).requestBody?.content[JSON_TYPE]?.example

describe("the API document", () => {
  it("is valid OpenAPI, and a linter has nothing to say about it", async () => {
    const config = await createConfig({
      extends: ["recommended"],
      rules: {
        // Asking for health takes nothing that could be wrong.
        "operation-4xx-response": "off",
        // Medusa's own paths. No id of a payment is 'payment-providers'.
        "no-ambiguous-paths": "off",
      },
    })
    const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: "/docs.json", config })
    expect(problems.map(({ severity, message, location }) => [severity, message, location[0]?.pointer])).toEqual([])
  })

  it("has no reference that leads nowhere, and no schema that nothing refers to", () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, reference = ""]) => reference,
    )
    for (const reference of references) expect(schemas.dereference(reference)).toBeDefined()
    const declared = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`)
    expect(declared.filter((schema) => !references.includes(schema))).toEqual([])
  })

  it("is the one in docs/openapi.json, which `npm run docs:generate` writes", () => {
    expectGenerated("docs/openapi.json", `${JSON.stringify(document, null, 2)}\n`)
  })

  it("has no status that docs/api.md leaves out", () => {
    const page = readFileSync(new URL("../docs/api.md", import.meta.url), "utf8")
    const statuses = [
      "PaymentCollectionResponse",
      "PaymentSessionResponse",
      "CaptureResponse",
      "RefundResponse",
    ].flatMap((schema) => document.components.schemas[schema].properties.status.enum as string[])
    expect(statuses).toContain("partially_captured")
    expect(statuses.filter((status) => !page.includes(`\`${status}\``))).toEqual([])
  })

  it("is also there as YAML", async () => {
    expect((await service.call("GET", "/docs-yaml", undefined, {})).body).toMatch(/^openapi: 3\.1\.0/)
  })

  it("has every route of the service", () => {
    const documented = operations.map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`)
    const routes = [...routesOf(service)].filter((route) => /^\w+ \/(store|admin|hooks|health)\/[^*]*$/.test(route))
    expect(documented.sort()).toEqual(routes.sort())
  })
})

describe("every operation", () => {
  it("has a summary and an id of its own", () => {
    expect(exceptions(({ summary }) => Boolean(summary))).toEqual([])
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  })

  it("stands under one of the described groups", () => {
    const groups = new Map<string, string>(
      document.tags.map((tag: { name: string; description: string }) => [tag.name, tag.description]),
    )
    expect([...groups].filter(([, description]) => !description)).toEqual([])
    expect(exceptions(({ tags }) => tags?.length === 1 && groups.has(tags[0] ?? ""))).toEqual([])
  })

  it("asks for the key of its routes, and health for none", () => {
    const key = (scheme: string) => JSON.stringify([{ [scheme]: [] }])
    expect(
      exceptions(({ path, security }) => {
        if (path.startsWith("/store/")) return JSON.stringify(security) === key("publishable_key")
        if (path.startsWith("/admin/")) {
          return JSON.stringify(security) === JSON.stringify([{ secret_key: [] }, { secret_key_basic: [] }])
        }
        return security?.length === 0
      }),
    ).toEqual([])
    expect(document.components.securitySchemes).toEqual({
      publishable_key: { type: "apiKey", in: "header", name: "x-publishable-api-key", description: expect.any(String) },
      secret_key: { type: "http", scheme: "bearer", description: expect.any(String) },
      secret_key_basic: { type: "http", scheme: "basic", description: expect.any(String) },
    })
  })

  it("describes its parameters, with an example of what has to be given", () => {
    expect(exceptions(({ parameters = [] }) => parameters.every(({ description }) => Boolean(description)))).toEqual([])
    const hasExample = ({ example, schema }: { example?: unknown; schema: ApiSchema }) =>
      (example ?? schema.example) !== undefined
    expect(
      exceptions(({ parameters = [] }) =>
        parameters.every((parameter) => !parameter.required || hasExample(parameter)),
      ),
    ).toEqual([])
  })

  it("has a simple type for each of its parameters, so that Swagger UI offers a field for it", () => {
    const simple = ["string", "integer", "boolean"]
    expect(
      exceptions(({ parameters = [] }) => parameters.every(({ schema }) => simple.includes(String(schema.type)))),
    ).toEqual([])
  })

  it("fills in nothing that is optional, so that a first try asks for the defaults", () => {
    const isFilledIn = ({ required, example, schema }: { required: boolean; example?: unknown; schema: ApiSchema }) =>
      !required && (example ?? schema.example) !== undefined
    expect(exceptions(({ parameters = [] }) => !parameters.some(isFilledIn))).toEqual([])
  })

  it("takes an idempotency key where it is a POST of store or admin, and tells what that can refuse", () => {
    const refusesBy = ({ responses }: Operation, status: string, example: string) =>
      responses[status]?.content?.[JSON_TYPE]?.examples?.[example] !== undefined
    expect(
      exceptions((each) => {
        const isKeyed = each.method === "POST" && isProtected(each)
        return [
          each.parameters?.some(({ name, in: place }) => name === "Idempotency-Key" && place === "header") ?? false,
          refusesBy(each, "409", "idempotency_key_in_use"),
          refusesBy(each, "422", "idempotency_mismatch"),
        ].every((holds) => holds === isKeyed)
      }),
    ).toEqual([])
  })

  it("has an example of its body, which fits the schema", () => {
    const problems = operations.flatMap(({ requestBody, ...rest }) => {
      const media = requestBody?.content[JSON_TYPE]
      if (!media) return []
      return schemas.problemsWith(media.example, media.schema ?? {}, nameOf(rest))
    })
    expect(problems).toEqual([])
    expect(
      exceptions(({ requestBody }) => !requestBody || requestBody.content[JSON_TYPE]?.example !== undefined),
    ).toEqual([])
  })

  it("has a schema and an example of its answer, which fit each other", () => {
    expect(exceptions(({ operationId }) => Boolean(answerOf(operationId).schema))).toEqual([])
    const problems = operations.flatMap((each) => {
      const { example, schema = {} } = answerOf(each.operationId)
      return schemas.problemsWith(example, schema, nameOf(each))
    })
    expect(problems).toEqual([])
  })

  it("tells its errors, each with an example that fits the schema of errors", () => {
    const errorsOf = ({ responses }: Operation) => Object.entries(responses).filter(([status]) => status !== "200")
    const expected = ({ method, path, requestBody }: Operation) => [
      "400",
      ...(path.startsWith("/admin/") ? ["401"] : []),
      ...(method === "GET" ? [] : ["409"]),
      ...(requestBody ? ["413", "415"] : []),
      ...(path.includes("{id}") && operationOfUnknownFails(method, path) ? ["404"] : []),
      "500",
      "503",
    ]
    const missing = operations.filter(isProtected).flatMap((each) => {
      const told = errorsOf(each).map(([status]) => status)
      return expected(each)
        .filter((status) => !told.includes(status))
        .map((status) => `${nameOf(each)}: ${status}`)
    })
    expect(missing).toEqual([])
    for (const each of operations) {
      for (const [, { content }] of errorsOf(each)) {
        const { schema, examples = {} } = content?.[JSON_TYPE] ?? {}
        expect(schema).toEqual({ $ref: "#/components/schemas/ErrorResponse" })
        expect(Object.keys(examples)).not.toEqual([])
        for (const { value } of Object.values(examples)) expect(schemas.problemsWith(value, schema ?? {})).toEqual([])
      }
    }
  })

  it("describes the headers of its answers", () => {
    for (const { responses } of operations) {
      for (const [status, { headers = {} }] of Object.entries(responses)) {
        expect(Object.keys(headers)).toEqual(
          ["409", "503", "504"].includes(status) ? ["x-request-id", "retry-after"] : ["x-request-id"],
        )
        for (const { $ref = "" } of Object.values(headers)) expect(schemas.dereference($ref).description).toBeTruthy()
      }
    }
  })
})

it("describes every property of every schema", () => {
  const undescribed = Object.entries<ApiSchema>(document.components.schemas).flatMap(([schema, { properties = {} }]) =>
    Object.entries(properties)
      .filter(([, { description }]) => !description)
      .map(([name]) => `${schema}.${name}`),
  )
  expect(undescribed).toEqual([])
})

describe("a resource", () => {
  const names = ({ fields, relations }: Resource) => [...fields.keys(), ...relations.keys()].sort()

  it("has the same names in its schema as in `fields`", () => {
    const resources = allResources()
    expect(resources.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["payment_collection", "api_key", "refund"]),
    )
    for (const resource of resources) {
      const schema = document.components.schemas[resource.type.name] as ApiSchema
      expect([resource.name, Object.keys(schema.properties ?? {}).sort()]).toEqual([resource.name, names(resource)])
      expect(schema.required).toEqual(["id"])
    }
  })

  it("may be null where its column may be", () => {
    const isNullable = (schema: ApiSchema = {}) => schemas.problemsWith(null, schema).length === 0
    const wrong = allResources().flatMap(({ type, rows, fields }) => {
      const { properties = {} } = document.components.schemas[type.name] as ApiSchema
      return service.dataSource
        .getMetadata(rows)
        .columns.filter(({ propertyName, isNullable: may }) => may && fields.has(propertyName))
        .filter(({ propertyName }) => !isNullable(properties[propertyName]))
        .map(({ propertyName }) => `${type.name}.${propertyName}`)
    })
    // An empty object is shown in their place.
    expect(wrong).toEqual(["PaymentSessionResponse.context", "PaymentSessionResponse.metadata"])
  })

  it("has an example for each of its fields", () => {
    const without = allResources().flatMap(({ name, fields }) =>
      [...fields].filter(([, { example }]) => example === undefined).map(([field]) => `${name}.${field}`),
    )
    expect(without).toEqual([])
  })
})

describe("what the service answers", () => {
  /** Compares an answer with what the document says of it: the schema, and the shape of the example. */
  function expectDocumented(id: string, { status, body }: Answer): void {
    const { schema = {}, example } = answerOf(id)
    expect(status).toBe(200)
    expect(schemas.problemsWith(body, schema, id)).toEqual([])
    expect(shapeDifferences(example, body, id)).toEqual([])
  }

  const createKey = async (type: string) =>
    (await service.admin("POST", "/admin/api-keys", { title: "Documented", type })).body.api_key.id as string

  const collectionPath = async (audience: "store" | "admin") =>
    `/${audience}/payment-collections/${(await newCollection(service)).id}`

  let reasons = 0
  const createReason = async () =>
    (await service.admin("POST", "/admin/refund-reasons", { label: "Documented", code: `documented_${reasons++}` }))
      .body.refund_reason.id as string

  const newHolder = async (customer_id: string) =>
    (await service.admin("POST", "/admin/account-holders", { provider_id: BOOKS_PROVIDER_ID, customer_id })).body
      .account_holder.id as string

  const methodsPath = async (customer_id: string) =>
    `/admin/account-holders/${await newHolder(customer_id)}/payment-methods`

  const newOperation = async () => {
    const { paymentId } = await newPayment(service)
    await service.admin("POST", `/admin/payments/${paymentId}/capture`)
    return (await service.admin("GET", `/admin/operations?payment_id=${paymentId}`)).body.operations[0].id as string
  }

  const tell = (id: string) => {
    const body = JSON.stringify({ id, type: "payment.changed", reference: "tp_documented" })
    return service.call("POST", "/hooks/payment/telling_default", body, signed(body))
  }

  /** An event that is through with: applied, as in the example, or ignored. */
  const newWebhookEvent = async (id: string) => {
    await tell(id)
    for (;;) {
      const { body } = await service.admin("GET", `/admin/webhook-events?external_id=${id}`)
      const [event] = body.webhook_events
      if (event.state !== "pending") return event.id as string
    }
  }

  const calls: Record<string, () => Promise<Answer>> = {
    createPaymentCollection: async () => {
      await putCart(service, { id: bodyOf("createPaymentCollection").cart_id })
      return service.store("POST", "/store/payment-collections", bodyOf("createPaymentCollection"))
    },
    getPaymentCollection: async () =>
      service.store("GET", `/store/payment-collections/${(await newPaidCollection(service)).id}`),
    listRegionPaymentProviders: () => service.store("GET", `/store/payment-providers?region_id=${REGION}`),
    listPaymentCollections: async () =>
      service.admin("GET", `/admin/payment-collections?id=${(await newPaidCollection(service)).id}`),
    createOrderPaymentCollection: () =>
      service.admin("POST", "/admin/payment-collections", bodyOf("createOrderPaymentCollection")),
    getPaymentCollectionAsAdmin: async () =>
      service.admin("GET", `/admin/payment-collections/${(await newPaidCollection(service)).id}`),
    deletePaymentCollection: async () =>
      service.admin("DELETE", `/admin/payment-collections/${(await newCollection(service)).id}`),
    listPayments: async () =>
      service.admin("GET", `/admin/payments?id=${(await newPaidCollection(service)).paymentId}`),
    getPayment: async () => service.admin("GET", `/admin/payments/${(await newPaidCollection(service)).paymentId}`),
    createPaymentSession: async () =>
      service.store("POST", `${await collectionPath("store")}/payment-sessions`, bodyOf("createPaymentSession")),
    createPaymentSessionAsAdmin: async () =>
      service.admin("POST", `${await collectionPath("admin")}/payment-sessions`, bodyOf("createPaymentSessionAsAdmin")),
    authorizePaymentSession: async () => {
      const { id, sessionId } = await newSession(service)
      return service.store("POST", `/store/payment-collections/${id}/payment-sessions/${sessionId}/authorize`)
    },
    authorizePaymentSessionAsAdmin: async () => {
      const { id, sessionId } = await newSession(service)
      return service.admin("POST", `/admin/payment-collections/${id}/payment-sessions/${sessionId}/authorize`)
    },
    authorizeOrderPaymentSession: async () => {
      const { sessionId } = await newSession(service, { order_id: "order_documented" })
      // The system provider authorizes immediately: only another one would leave the session in this status.
      await service.dataSource.query("UPDATE payment_session SET status = 'pending_authorization' WHERE id = $1", [
        sessionId,
      ])
      const path = "/admin/orders/order_documented/payment-sessions/authorize"
      return service.admin("POST", path, { payment_session_id: sessionId })
    },
    updatePaymentCollection: async () => {
      const body = bodyOf("createOrderPaymentCollection")
      const { id } = (await service.admin("POST", "/admin/payment-collections", body)).body.payment_collection
      return service.admin("POST", `/admin/payment-collections/${id}`, bodyOf("updatePaymentCollection"))
    },
    markPaymentCollectionAsPaid: async () =>
      service.admin("POST", `${await collectionPath("admin")}/mark-as-paid`, bodyOf("markPaymentCollectionAsPaid")),
    capturePayment: async () => {
      const { paymentId } = await newPayment(service, { total: 49.9 })
      return service.admin("POST", `/admin/payments/${paymentId}/capture`, bodyOf("capturePayment"))
    },
    refundPayment: async () => {
      const { paymentId } = await newPayment(service, { total: 49.9 })
      await service.admin("POST", `/admin/payments/${paymentId}/capture`)
      const { refund_reason_id: _reason, ...body } = bodyOf("refundPayment")
      const refund_reason_id = await createReason()
      return service.admin("POST", `/admin/payments/${paymentId}/refund`, { ...body, refund_reason_id })
    },
    cancelPayment: async () => service.admin("POST", `/admin/payments/${(await newPayment(service)).paymentId}/cancel`),
    refreshPayment: async () =>
      service.admin("POST", `/admin/payments/${(await newPayment(service)).paymentId}/refresh`),
    listOperations: async () => service.admin("GET", `/admin/operations?id=${await newOperation()}`),
    getOperation: async () => service.admin("GET", `/admin/operations/${await newOperation()}`),
    retryOperation: async () => service.admin("POST", `/admin/operations/${await newOperation()}/retry`),
    receivePaymentWebhook: () => tell("evt_received"),
    listWebhookEvents: async () =>
      service.admin("GET", `/admin/webhook-events?id=${await newWebhookEvent("evt_listed")}`),
    getWebhookEvent: async () => service.admin("GET", `/admin/webhook-events/${await newWebhookEvent("evt_read")}`),
    replayWebhookEvent: async () =>
      service.admin("POST", `/admin/webhook-events/${await newWebhookEvent("evt_replayed")}/replay`),
    listPaymentProviders: () => service.admin("GET", "/admin/payments/payment-providers"),
    enablePaymentProvider: async () => {
      const path = "/admin/payments/payment-providers/pp_system_default"
      const answer = await service.admin("POST", path, bodyOf("enablePaymentProvider"))
      await service.admin("POST", path, { is_enabled: true })
      return answer
    },
    configureRegion: () => service.admin("POST", "/admin/regions/reg_documented", bodyOf("configureRegion")),
    getRegion: () => service.admin("GET", `/admin/regions/${REGION}`),
    putCart: () => service.admin("PUT", "/admin/carts/cart_documented", bodyOf("putCart")),
    getCart: async () => service.admin("GET", `/admin/carts/${await putCart(service)}`),
    listEvents: async () => {
      await newCollection(service)
      return service.admin("GET", "/admin/events")
    },
    listRefundReasons: () => service.admin("GET", "/admin/refund-reasons"),
    createRefundReason: () => service.admin("POST", "/admin/refund-reasons", bodyOf("createRefundReason")),
    getRefundReason: async () => service.admin("GET", `/admin/refund-reasons/${await createReason()}`),
    updateRefundReason: async () => {
      const id = await createReason()
      // The example is the same as that of creating one, whose code is taken by then.
      await service.dataSource.query("UPDATE refund_reason SET deleted_at = now() WHERE code = 'damaged'")
      return service.admin("POST", `/admin/refund-reasons/${id}`, bodyOf("updateRefundReason"))
    },
    deleteRefundReason: async () => service.admin("DELETE", `/admin/refund-reasons/${await createReason()}`),
    listAccountHolders: async () => service.admin("GET", `/admin/account-holders?id=${await newHolder("cus_listed")}`),
    createAccountHolder: () =>
      service.admin("POST", "/admin/account-holders", {
        ...bodyOf("createAccountHolder"),
        provider_id: BOOKS_PROVIDER_ID,
      }),
    getAccountHolder: async () => service.admin("GET", `/admin/account-holders/${await newHolder("cus_read")}`),
    deleteAccountHolder: async () =>
      service.admin("DELETE", `/admin/account-holders/${await newHolder("cus_deleted")}`),
    listPaymentMethods: async () => {
      const path = await methodsPath("cus_with_methods")
      await service.admin("POST", path)
      return service.admin("GET", path)
    },
    savePaymentMethod: async () => service.admin("POST", await methodsPath("cus_saving"), bodyOf("savePaymentMethod")),
    deletePaymentMethod: async () => {
      const path = await methodsPath("cus_forgetting")
      const { payment_method } = (await service.admin("POST", path)).body
      return service.admin("DELETE", `${path}/${String(payment_method.id)}`)
    },
    listApiKeys: () => service.admin("GET", "/admin/api-keys"),
    createApiKey: () => service.admin("POST", "/admin/api-keys", bodyOf("createApiKey")),
    getApiKey: async () => service.admin("GET", `/admin/api-keys/${await createKey("secret")}`),
    updateApiKey: async () =>
      service.admin("POST", `/admin/api-keys/${await createKey("secret")}`, bodyOf("updateApiKey")),
    revokeApiKey: async () =>
      service.admin("POST", `/admin/api-keys/${await createKey("secret")}/revoke`, bodyOf("revokeApiKey")),
    changeApiKeySalesChannels: async () => {
      const path = `/admin/api-keys/${await createKey("publishable")}/sales-channels`
      return service.admin("POST", path, bodyOf("changeApiKeySalesChannels"))
    },
    deleteApiKey: async () => {
      const path = `/admin/api-keys/${await createKey("secret")}`
      await service.admin("POST", `${path}/revoke`)
      return service.admin("DELETE", path)
    },
    getLiveness: () => service.call("GET", "/health/live", undefined, {}),
    getReadiness: () => service.call("GET", "/health/ready", undefined, {}),
  }

  it.each(Object.entries(calls))(
    "to %s fits the document's schema and is shaped like its example",
    async (id, call) => {
      expectDocumented(id, await call())
    },
  )

  it("is compared for every operation", () => {
    expect(Object.keys(calls).sort()).toEqual(operations.map(({ operationId }) => operationId).sort())
  })

  it("has the documented number of rows at most, for every list", async () => {
    await service.dataSource.query(
      "INSERT INTO outbox_event (id, name, aggregate_id, data) SELECT 'evt_' || n, 'test', 'x', '{}' FROM generate_series(1, 101) n",
    )
    const lists = operations.filter(({ parameters = [] }) => parameters.some(({ name }) => name === "limit"))
    expect(lists.length).toBeGreaterThan(8)
    for (const { operationId, path, parameters = [] } of lists) {
      const region = parameters.some(({ name }) => name === "region_id" && path.startsWith("/store/"))
      const query = region ? `?region_id=${REGION}` : ""
      const { body } = await service[path.startsWith("/store/") ? "store" : "admin"]("GET", path + query)
      const documented = parameters.find(({ name }) => name === "limit")?.schema.default
      // The feed of events has no pages: it is as long as what it responds.
      expect([operationId, body.limit ?? body.events.length]).toEqual([operationId, documented])
    }
  })

  it("fits the schema whatever `fields` selects", async () => {
    const { id, paymentId } = await newPaidCollection(service)
    const everything =
      "*payment_providers,*payment_sessions.payment_collection,*payments.captures.payment,*payments.refunds.payment"
    const collection = await service.store("GET", `/store/payment-collections/${id}?fields=${everything}`)
    expect(schemas.problemsWith(collection.body, answerOf("getPaymentCollection").schema ?? {})).toEqual([])
    const payment = await service.admin("GET", `/admin/payments/${paymentId}?fields=id`)
    expect(schemas.problemsWith(payment.body, answerOf("getPayment").schema ?? {})).toEqual([])
  })

  it.each([
    ["a missing field", () => service.store("POST", "/store/payment-collections", {}), 400],
    [
      "a missing publishable key",
      () => service.store("GET", "/store/payment-collections/x", undefined, { key: null }),
      400,
    ],
    ["a missing secret key", () => service.call("GET", "/admin/api-keys", undefined, {}), 401],
    ["an unknown id", () => service.store("GET", "/store/payment-collections/x"), 404],
    ["a large body", () => service.store("POST", "/store/payment-collections", { cart_id: "x".repeat(110_000) }), 413],
    [
      "another content type",
      () => service.store("POST", "/store/payment-collections", "<a/>", { headers: { "content-type": "text/xml" } }),
      415,
    ],
  ] as const)("on %s fits the schema of errors", async (_, call, expected) => {
    const { status, body, headers } = await call()
    expect(status).toBe(expected)
    expect(schemas.problemsWith(body, { $ref: "#/components/schemas/ErrorResponse" })).toEqual([])
    expect(headers.get("x-request-id")).toBe(body.request_id)
  })
})

/** Telling a cart or a region makes it known, so that there is none that is unknown. */
function operationOfUnknownFails(method: string, path: string): boolean {
  return !(method === "PUT" && path === "/admin/carts/{id}")
}

/** What the router of the running service knows: "GET /health/live" and so on. HEAD comes along with GET. */
function routesOf({ app }: TestService): Set<string> {
  const routes = new Set<string>()
  const lines = app.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false }).split("\n")
  const prefixes: string[] = []
  for (const line of lines) {
    const [, indent = "", part = "", methods = ""] = /^([│ ]*)[├└]── (.*?)(?: \((.*)\))?$/.exec(line) ?? []
    const depth = indent.length / 4
    prefixes.length = depth
    prefixes.push(part)
    for (const method of methods.split(", ").filter((name) => name !== "" && name !== "HEAD"))
      routes.add(`${method} ${prefixes.join("")}`)
  }
  return routes
}
