import { afterAll, beforeAll, expect, it } from "@jest/globals"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { DocProjects } from "./support/doc-projects.js"
import { docBlocks, type DocBlock } from "./support/doc-blocks.js"
import { DocSandbox } from "./support/doc-sandbox.js"
import { DocService } from "./support/doc-service.js"
import { ApiSchemas } from "./support/api-schema.js"
import { onEmbedded } from "./support/served.js"

const BLOCKS = docBlocks()

let service: DocService
let projects: DocProjects
let sandbox: DocSandbox
beforeAll(async () => {
  const stripe = blockOf("examples/checkout/README.md", "sh").code
  service = await DocService.start({
    STRIPE_API_KEY: settingIn(stripe, "STRIPE_API_KEY"),
    STRIPE_WEBHOOK_SECRET: settingIn(stripe, "STRIPE_WEBHOOK_SECRET"),
  })
  sandbox = await DocSandbox.start()
  projects = await DocProjects.compile(BLOCKS, (code) => service.addressed(code))
}, 180_000)
afterAll(async () => {
  await service.stop()
  await sandbox.stop()
})

/** What proves a block true. TypeScript is compiled anyway. */
interface Proof {
  page: string
  language: string
  begins: string
  holds: (block: DocBlock) => Promise<void> | void
}

const PROOFS: Proof[] = [
  {
    page: "docs/errors.md",
    language: "json",
    begins: "{",
    holds: async ({ code }) => {
      const schemas = new ApiSchemas(await service.document())
      expect(schemas.problemsWith(JSON.parse(code), { $ref: "#/components/schemas/ErrorResponse" })).toEqual([])
    },
  },
  {
    page: "README.md",
    language: "sh",
    begins: "npm ci && npm start",
    holds: () => {
      expectInCi("npm ci")
      expectInCi("npm run build")
      // The service of this test is what the build makes, started by the same file.
      expect(scripts()["start"]).toBe(`${scripts()["build"]} && node dist/src/main.js`)
    },
  },
  {
    page: "README.md",
    language: "sh",
    begins: "npm ci && npm test",
    holds: () => {
      expectInCi("npm ci")
      expectInCi("npm test")
    },
  },
  {
    page: "README.md",
    language: "sh",
    begins: "curl -s http://127.0.0.1:9000/store/payment-collections",
    holds: async ({ code }) => {
      const { payment_collection } = await service.sh<any>(code)
      expect(payment_collection).toMatchObject({ amount: 49.9, currency_code: "eur", status: "not_paid" })
    },
  },
  {
    page: "README.md",
    language: "sh",
    begins: "npm ci && npm run demo",
    holds: () => {
      expectInCi("npm ci")
      // A test of the sandbox runs the demo itself.
      expect(scripts()["demo"]).toBe("node sandbox/demo.mjs")
    },
  },
  {
    page: "README.md",
    language: "mermaid",
    begins: "flowchart LR",
    holds: ({ code }) => {
      // The steps in the order of the six requests below it.
      expect([...code.matchAll(/\|(create|open|.*authorize|capture|refund)\|/g)]).toHaveLength(5)
    },
  },
  {
    page: "README.md",
    language: "sh",
    begins: "API=http://127.0.0.1:9000",
    holds: async ({ code }) => {
      expect(code.match(/curl -s/g)).toHaveLength(6)
      const { stdout } = await service.run(code)
      const last: unknown = JSON.parse(stdout.slice(stdout.lastIndexOf('{"payment":')))
      expect(last).toMatchObject({ payment: { amount: 49.9, refunds: [{ amount: 10, status: "succeeded" }] } })
    },
  },
  {
    page: "README.md",
    language: "sh",
    begins: "npm run pack:client",
    holds: ({ code }) => {
      expectInstallable(code, projects.tarball)
    },
  },
  {
    page: "README.md",
    language: "sh",
    begins: "npm run -s keys -- create",
    holds: async ({ code }) => {
      const { stdout } = await service.run(code)
      const [token] = /^sk_\S+\n$/.exec(stdout) ?? []
      expect((await service.get("/admin/api-keys", token?.trim())).status).toBe(200)
    },
  },
  {
    page: "docs/api.md",
    language: "sh",
    begins: "curl -X PUT http://127.0.0.1:9000/admin/carts/cart_1",
    holds: async ({ code }) => {
      const sent: unknown = JSON.parse(/-d '(.*)'/.exec(code)?.[1] ?? "")
      expect(await service.sh(code)).toMatchObject({ cart: { id: "cart_1", ...(sent as object) } })
    },
  },
  {
    page: "docs/providers.md",
    language: "sh",
    begins: "npm ci && npm run build",
    holds: ({ code }) => {
      expectInCi("npm ci")
      expectInCi("npm run build")
      expect(code).toMatch(/^npm install \.\.\/payment-collections$/m)
    },
  },
  {
    page: "docs/events.md",
    language: "json",
    begins: "{",
    holds: async ({ code }) => {
      const shown = JSON.parse(code)
      const schemas = new ApiSchemas(await service.document())
      expect(schemas.problemsWith(shown, { $ref: "#/components/schemas/EventsResponse" })).toEqual([])
      await projects.checkOut(12)
      const { body } = await service.get("/admin/events?limit=1000")
      const [event] = shown.events
      const recorded = body.events.find(({ name }: { name: string }) => name === event.name)
      expect(Object.keys(event)).toEqual(Object.keys(recorded))
      expect(Object.keys(event.data).sort()).toEqual(Object.keys(recorded.data).sort())
    },
  },
  {
    page: "docs/failures.md",
    language: "json",
    begins: "{",
    holds: async ({ code }) => {
      const shown = JSON.parse(code)
      expect(shown.request_id).toBe("req_...")
      const { status, body } = await service.post("/store/payment-collections", {})
      expect(status).toBe(400)
      expect(body).toEqual({ ...shown, request_id: expect.stringMatching(/^req_/) })
    },
  },
  {
    page: "docs/webhooks.md",
    language: "http",
    begins: "POST /hooks/payment/:provider",
    holds: async ({ code }) => {
      const [, method = "", path = ""] = /^([A-Z]+) (\S+)\n$/.exec(code) ?? []
      const { paths } = await service.document()
      expect(paths[path.replace(/:(\w+)/g, "{$1}")]).toHaveProperty(method.toLowerCase())
    },
  },
  ...["npm run demo", "npm run sandbox"].map((command): Proof => ({
    page: "docs/sandbox.md",
    language: "sh",
    begins: command,
    // test/sandbox/demo.e2e-spec.ts runs what they run.
    holds: ({ code }) => {
      expect(code).toBe(`${command}\n`)
      expect(scripts()[command.replace("npm run ", "")]).toMatch(/^node sandbox\/\w+\.mjs$/)
    },
  })),
  {
    page: "docs/sandbox.md",
    language: "sh",
    begins: "STRIPE_API_BASE=http://127.0.0.1:12111",
    holds: async ({ code }) => {
      const [overview] = await sandbox.run("curl -s http://127.0.0.1:12111/_control")
      expect(code).toContain(
        ` STRIPE_API_KEY=${overview.api_key} STRIPE_WEBHOOK_SECRET=${overview.webhook_secret} npm start`,
      )
    },
  },
  {
    page: "docs/sandbox.md",
    language: "sh",
    begins: "curl -s ",
    holds: async ({ code }) => {
      for (const response of await sandbox.run(code)) expect(response).not.toHaveProperty("error")
    },
  },
  {
    page: "examples/checkout/README.md",
    language: "sh",
    begins: "stripe listen --forward-to http://127.0.0.1:9000/hooks/payment/stripe_stripe",
    holds: async ({ code }) => {
      const [listen = "", start = "", example = "", ...more] = code.trimEnd().split("\n")
      expect(more).toEqual([])
      // A route without Stripe's settings would be 404; without a signature it is 400.
      const [hook = ""] = /http:\S+/.exec(listen) ?? []
      const { status } = await fetch(service.addressed(hook), { method: "POST", body: "{}" })
      expect([400, 415]).toContain(status)
      // The service of this test has these settings.
      expect(start).toMatch(/^STRIPE_API_KEY=\S+ STRIPE_WEBHOOK_SECRET=\S+ npm start /)
      await expectCheckout(example)
    },
  },
]

onEmbedded.each(BLOCKS.map((block) => ({ where: `${block.page}:${block.line}`, ...block })))("$where", (block) => {
  it(`has a true block of ${block.language === "" ? "no language" : block.language}`, async () => {
    if (block.language === "ts") {
      expect(projects.problemsOf(block)).toEqual([])
      return
    }
    const [proof, ...others] = PROOFS.filter((candidate) => covers(candidate, block))
    if (!proof) throw new Error("No test knows this block. Add to PROOFS what proves it true.")
    expect(others).toEqual([])
    await proof.holds(block)
  })
})

onEmbedded("the documentation", () => {
  it("has a block for every proof", () => {
    const unused = PROOFS.filter((proof) => !BLOCKS.some((block) => covers(proof, block)))
    expect(unused.map(({ page, begins }) => `${page}: ${begins}`)).toEqual([])
  })

  it.each([
    { nest: 12, amount: 120 },
    { nest: 11, amount: 5000 },
  ] as const)("leads from the README to a captured payment with Nest $nest", async ({ nest, amount }) => {
    const printed = await projects.checkOut(nest)
    expect(printed).toContain(`amount: ${amount},`)
    expect(printed).toMatch(/captured_at: '\d{4}-/)
  })

  it("leads from the README to an authorized payment in a storefront", async () => {
    const collection = await projects.runStorefront()
    expect(collection).toMatchObject({ status: "authorized", authorized_amount: 49.9, outstanding_amount: 0 })
  })
})

function covers({ page, language, begins }: Proof, block: DocBlock): boolean {
  return block.page === page && block.language === language && block.code.startsWith(begins)
}

function blockOf(page: string, language: string): DocBlock {
  const block = BLOCKS.find((candidate) => candidate.page === page && candidate.language === language)
  if (!block) throw new Error(`${page} has no block of ${language}`)
  return block
}

function settingIn(code: string, name: string): string {
  const value = new RegExp(`\\b${name}=(\\S+)`).exec(code)?.[1] ?? ""
  return value.replace("...", "4eC39HqLyjWDarjtT1zdp7dc")
}

function scripts(): Record<string, string> {
  return (JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> }).scripts
}

/** CI runs the command in a clone. */
function expectInCi(command: string): void {
  expect(readFileSync(".ci/run", "utf8").split("\n")).toContain(command)
}

/** The commands install the tarball that `npm run pack:client` writes, and the peer that a stock Nest project lacks. */
function expectInstallable(code: string, tarball: string): void {
  const [pack, create, install = "", ...more] = code.trimEnd().split("\n")
  expect(pack).toBe("npm run pack:client")
  expect(create).toMatch(/^cd \.\. && npx @nestjs\/cli new shop .*--package-manager npm .*&& cd shop$/)
  const [, majors, pattern = "", other] =
    /^npm install @nestjs\/microservices@(\d+) \.\.\/payment-collections\/(\S+) # .*@nestjs\/microservices@(\d+)$/.exec(
      install,
    ) ?? []
  expect([majors, other]).toEqual(["12", "11"])
  expect(tarball).toMatch(new RegExp(`/${pattern.replaceAll(".", "\\.").replaceAll("*", "[0-9.]+")}$`))
  expect(more).toEqual([])
}

/** Runs the example as the line does, and asks it for the start of a checkout. */
async function expectCheckout(line: string): Promise<void> {
  const env = { PATH: process.env["PATH"], PORT: "0", SERVICE_URL: service.url }
  const example = spawn("sh", ["-c", service.addressed(line)], {
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  })
  try {
    let output = ""
    for (const stream of [example.stdout, example.stderr]) stream.on("data", (data) => (output += String(data)))
    const announced = () => /The checkout is at (\S+)/.exec(output)?.[1]
    while (announced() === undefined && example.exitCode === null) await once(example.stdout, "data")
    const response = await fetch(`${announced() ?? ""}/checkout.json`)
    expect(await response.json()).toMatchObject({ cart: { currency_code: "eur" }, service: { baseUrl: service.url } })
  } finally {
    if (example.pid !== undefined) process.kill(-example.pid, "SIGTERM")
  }
}
