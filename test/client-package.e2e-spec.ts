import { afterAll, beforeAll, expect, it } from "@jest/globals"
import { execFile } from "node:child_process"
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import ts from "typescript"
import { PaymentCollectionsClient } from "../src/client/index.js"
import { CLIENT, STOCK_OPTIONS, compile, link, newProject, type Project } from "./support/client-package.js"
import { putCart } from "./support/factories.js"
import { onEmbedded } from "./support/served.js"
import { TestService } from "./support/service.js"

const run = promisify(execFile)

const PROJECTS: Project[] = [
  { nest: 12, type: "module" },
  { nest: 12, type: "commonjs" },
  { nest: 11, type: "module" },
  { nest: 11, type: "commonjs" },
]

/** A shop whose settings come from a provider of its own. It prints the captured payment. */
const SHOP = `
import { Injectable, Module } from "@nestjs/common"
import { NestFactory } from "@nestjs/core"
import { PaymentCollectionsClient, PaymentCollectionsClientModule, PaymentCollectionsError } from "${CLIENT}"

@Injectable()
class Settings {
  readonly port = Number(process.argv[2])
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Injectable()
export class Checkout {
  constructor(private readonly client: PaymentCollectionsClient) {}

  async pay(cart_id: string) {
    const { payment_collection } = await this.client.paymentCollections.create({ cart_id })
    const of = { payment_collection_id: payment_collection.id }
    const opened = await this.client.paymentSessions.create({ ...of, provider_id: "pp_system_default" })
    const [session] = opened.payment_collection.payment_sessions ?? []
    const authorized = await this.client.paymentSessions.authorize({ ...of, id: session.id })
    const [payment] = authorized.payment_collection.payments ?? []
    return this.client.payments.capture({ id: payment.id, fields: "captured_amount,captures.created_by" })
  }

  async refuse() {
    return this.client.payments.capture({ id: "pay_unknown" }).catch((error: unknown) => error)
  }
}

// It does not import the client's module, which is global.
@Module({ providers: [Checkout], exports: [Checkout] })
class CheckoutModule {}

@Module({
  imports: [
    CheckoutModule,
    PaymentCollectionsClientModule.registerAsync({
      isGlobal: true,
      imports: [SettingsModule],
      inject: [Settings],
      useFactory: async ({ port }: Settings) => ({ host: "127.0.0.1", port, caller: "shop" }),
    }),
  ],
})
class AppModule {}

async function main() {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false })
  const checkout = app.get(Checkout)
  const error = await checkout.refuse()
  const { payment } = await checkout.pay(process.argv[3])
  const refusal = error instanceof PaymentCollectionsError && error.type
  console.log(JSON.stringify({ ...payment, refusal }))
  await app.close()
}
void main()
`

let service: TestService
const folders = new Map<Project, string>()
beforeAll(async () => {
  service = await TestService.start()
  for (const project of PROJECTS) folders.set(project, await newProject(project))
})
afterAll(() => service.close())

const folderOf = (project: Project) => {
  const folder = folders.get(project) ?? ""
  mkdirSync(join(folder, "src"), { recursive: true })
  return folder
}
const [STOCK_12 = { nest: 12, type: "module" }] = PROJECTS
const STOCK_11 = PROJECTS[3] ?? STOCK_12

async function payWith(folder: string, script: string) {
  const cartId = await putCart(service, { total: 49.9 })
  const { stdout } = await run(process.execPath, [script, String(service.tcpPort), cartId], { cwd: folder })
  const payment: unknown = JSON.parse(stdout)
  expect(payment).toMatchObject({ captured_amount: 49.9, captures: [{ created_by: "tcp:shop" }], refusal: "not_found" })
}

onEmbedded("the tarball of the client", () => {
  const installed = () => join(folderOf(STOCK_12), "node_modules", CLIENT)

  it("has the version of the service, peers and no dependencies", () => {
    const manifest = JSON.parse(readFileSync(join(installed(), "package.json"), "utf8")) as Record<string, unknown>
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string }
    expect(manifest).toMatchObject({ name: CLIENT, version })
    expect(manifest).not.toHaveProperty("dependencies")
    expect(Object.keys(manifest["peerDependencies"] as object)).toEqual([
      "@nestjs/common",
      "@nestjs/microservices",
      "reflect-metadata",
      "rxjs",
    ])
    const files = ["README.md", "index.cjs", "index.d.cts", "index.d.ts", "index.js", "package.json"]
    expect(readdirSync(installed()).sort()).toEqual(files)
  })

  it.each(["index.js", "index.cjs", "index.d.ts", "index.d.cts"])("imports only peers and Node in %s", (name) => {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(installed(), name), "utf8"), true, true)
    const imported = new Set(importedFiles.map(({ fileName }) => fileName))
    expect(imported.size).toBeGreaterThan(0)
    for (const module of imported) {
      expect(module).toMatch(/^(@nestjs\/common|@nestjs\/microservices|rxjs|node:[a-z]+)$/)
    }
  })

  it("exports every type that it declares", () => {
    const source = ts.createSourceFile(
      "index.d.ts",
      readFileSync(join(installed(), "index.d.ts"), "utf8"),
      ts.ScriptTarget.Latest,
    )
    const declared: string[] = []
    const exported: string[] = []
    source.forEachChild((node) => {
      if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) declared.push(node.name.text)
      if (ts.isClassDeclaration(node) && node.name) declared.push(node.name.text)
      if (!ts.isExportDeclaration(node) || !node.exportClause || !ts.isNamedExports(node.exportClause)) return
      exported.push(...node.exportClause.elements.map(({ name }) => name.text))
    })
    expect(declared.sort()).toEqual(exported.sort())
    expect(exported).toEqual(expect.arrayContaining(["PaymentCollection", "PaymentSession", "Payment", "Operation"]))
  })

  it("names every response in the declarations of a class that returns it", async () => {
    const folder = folderOf(STOCK_12)
    const client = new PaymentCollectionsClient({ host: "127.0.0.1", port: 1 })
    const groups = Object.entries(client).filter(([, value]: [string, object]) => value.constructor === Object)
    const methods = groups.flatMap(([group, value]: [string, object]) =>
      Object.entries(value).flatMap(([method, call]) => (typeof call === "function" ? [[group, method]] : [])),
    )
    client.onModuleDestroy()
    expect(methods.length).toBeGreaterThan(30)
    const members = methods.map(
      ([group = "", method = ""]) =>
        `${group}_${method}(...request: Parameters<PaymentCollectionsClient["${group}"]["${method}"]>) {
           return this.payments.${group}.${method}(...request)
         }`,
    )
    writeFileSync(
      join(folder, "src/shop.ts"),
      `import { Injectable } from "@nestjs/common"
       import { PaymentCollectionsClient, PaymentCollectionsClientModule } from "${CLIENT}"
       export const module = PaymentCollectionsClientModule.register({ host: "payments", port: 9001, isGlobal: true })
       @Injectable()
       export class Shop {
         constructor(private readonly payments: PaymentCollectionsClient) {}
         ${members.join("\n")}
         async parts() {
           const { payment_collection } = await this.payments.paymentCollections.retrieve({ id: "pay_col_1" })
           const [payment] = payment_collection.payments ?? []
           return { payment, refunds: payment.refunds, reason: payment.refunds?.[0]?.refund_reason, of: payment_collection }
         }
         find(operators = { $in: ["a"] }) {
           return this.payments.payments.list({ provider_id: operators, $or: [{ id: "a" }], q: "x", order: "-created_at" })
         }
         // @ts-expect-error an amount is a number of major units
         text = () => this.payments.payments.capture({ id: "pay_1", amount: "5" })
         // @ts-expect-error a cart is named by text
         wrong = () => this.payments.paymentCollections.create({ cart_id: 5 })
         // @ts-expect-error no list filters by this name
         unknown = () => this.payments.payments.list({ cart_id: "cart_1" })
       }`,
    )
    await compile(folder, { compilerOptions: STOCK_OPTIONS, files: ["src/shop.ts"] })
    const declarations = readFileSync(join(folder, "dist/shop.d.ts"), "utf8")
    expect(declarations).toMatch(
      new RegExp(`  paymentSessions_authorize\\(.*: Promise<import\\("${CLIENT}"\\)\\.PaymentCollectionResponse>;`),
    )
  })
})

onEmbedded.each(PROJECTS)("in a project with Nest $nest and $type", (project) => {
  it("compiles as `nest new` configures it, and captures a payment", async () => {
    const folder = folderOf(project)
    writeFileSync(join(folder, "src/main.ts"), SHOP)
    await compile(folder, { compilerOptions: STOCK_OPTIONS, files: ["src/main.ts"] })
    await payWith(folder, "dist/main.js")
  })
})

onEmbedded("in a CommonJS project with Nest 11", () => {
  it("compiles with the module options that older projects have, and captures a payment", async () => {
    const folder = folderOf(STOCK_11)
    writeFileSync(join(folder, "src/main.ts"), SHOP)
    const older = { module: "commonjs", moduleResolution: "node10", ignoreDeprecations: "6.0", outDir: "./older" }
    const { resolvePackageJsonExports: _, ...options } = STOCK_OPTIONS
    await compile(folder, { compilerOptions: { ...options, ...older }, files: ["src/main.ts"] })
    await payWith(folder, "older/main.js")
  })

  it("works under Jest and ts-jest as `nest new` configures them", async () => {
    const folder = folderOf(STOCK_11)
    for (const name of ["@jest/globals", "jest", "ts-jest", "typescript"]) link(folder, name)
    writeFileSync(
      join(folder, "src/client.spec.ts"),
      `import { describe, expect, it } from "@jest/globals"
       import { NestFactory } from "@nestjs/core"
       import { PaymentCollectionsClient, PaymentCollectionsClientModule, PaymentCollectionsError } from "${CLIENT}"
       describe("the client", () => {
         it("is injectable, and throws its own error", async () => {
           const module = PaymentCollectionsClientModule.registerAsync({ useFactory: () => ({ host: "127.0.0.1", port: 1 }) })
           const app = await NestFactory.createApplicationContext(module, { logger: false })
           const error: unknown = await app.get(PaymentCollectionsClient).events.list().catch((error: unknown) => error)
           expect(error).toBeInstanceOf(PaymentCollectionsError)
           expect(error).toMatchObject({ type: "unavailable" })
           await app.close()
         })
       })`,
    )
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: STOCK_OPTIONS }))
    const config = {
      moduleFileExtensions: ["js", "json", "ts"],
      rootDir: "src",
      testRegex: ".*\\.spec\\.ts$",
      transform: { "^.+\\.(t|j)s$": "ts-jest" },
      testEnvironment: "node",
    }
    writeFileSync(join(folder, "jest.config.json"), JSON.stringify(config))
    // The options of this run, such as those for ES modules, are not those of a stock project.
    const env = { PATH: process.env["PATH"], CI: "true" }
    const { stderr } = await run(process.execPath, [resolve("node_modules/jest/bin/jest.js")], { cwd: folder, env })
    expect(stderr).toContain("Tests:       1 passed, 1 total")
  })
})
