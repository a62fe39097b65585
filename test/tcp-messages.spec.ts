import { beforeAll, describe, expect, it } from "@jest/globals"
import "reflect-metadata"
import { PARAM_ARGS_METADATA, PATTERN_METADATA } from "@nestjs/microservices/constants.js"
import { RpcParamtype } from "@nestjs/microservices/enums/rpc-paramtype.enum.js"
import { getMetadataStorage } from "class-validator"
import { readdirSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { expectGenerated } from "./support/generated-file.js"

const PAGE = "docs/tcp.md"
const BEGIN = "<!-- messages, written by npm run docs:generate -->\n"
const END = "<!-- end of messages -->\n"

/** Fields of many messages, which the page describes once. */
const COMMON_FIELDS = ["caller", "token", "idempotency_key", "fields"]

interface Message {
  readonly pattern: string
  readonly request: string[]
  /** Whether the message may carry an idempotency key. */
  readonly isCommand: boolean
}

let messages: Message[]
beforeAll(async () => {
  const paths = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".message.controller.ts"),
  )
  messages = []
  for (const path of paths.sort()) {
    const module = (await import(pathToFileURL(resolve("src", path)).href)) as object
    messages.push(...Object.values(module).flatMap(messagesOf))
  }
})

function messagesOf(exported: unknown): Message[] {
  if (typeof exported !== "function") return []
  const prototype = exported.prototype as Record<string, object>
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const handler = Object.getOwnPropertyDescriptor(prototype, name)?.value as object
    const [pattern] = (Reflect.getMetadata(PATTERN_METADATA, handler) as string[] | undefined) ?? []
    if (pattern === undefined) return []
    const types = Reflect.getMetadata("design:paramtypes", prototype, name) as (new () => object)[]
    const parameters = Object.keys(Reflect.getMetadata(PARAM_ARGS_METADATA, exported, name) as object)
    const payload = parameters.find((key) => key.startsWith(`${RpcParamtype.PAYLOAD}:`))
    const type = types[Number(payload?.split(":")[1])]
    if (!type) throw new Error(`The handler of ${pattern} has no payload`)
    const fields = fieldsOf(type)
    const isCommand = fields.includes("idempotency_key?")
    return [{ pattern, request: fields.filter((field) => !COMMON_FIELDS.includes(field.replace("?", ""))), isCommand }]
  })
}

/** The validated fields of a message class; optional ones end with a question mark. */
function fieldsOf(type: new () => object): string[] {
  const validations = getMetadataStorage().getTargetValidationMetadatas(type, "", false, false)
  const names = [...new Set(validations.map(({ propertyName }) => propertyName))]
  const isOptional = (name: string) =>
    validations.some((validation) => validation.propertyName === name && validation.type === "conditionalValidation")
  return names.map((name) => `${name}${isOptional(name) ? "?" : ""}`).sort(byRequired)
}

const byRequired = (left: string, right: string) => Number(left.endsWith("?")) - Number(right.endsWith("?"))

/** The response type of each message, by its name in the package of the client. */
function responses(): Map<string, string> {
  const source = readFileSync("src/client/messages.ts", "utf8")
  const entries = source.matchAll(/^ {2}"([\w.]+)": \{[^}]*?response: (?:responses\.)?([^\n}]+?)\s*\}/gm)
  return new Map([...entries].map(([, pattern = "", type = ""]) => [pattern, type]))
}

function table(): string {
  const types = responses()
  const rows = messages.map(({ pattern, request, isCommand }) => {
    const fields = request.length === 0 ? "" : `\`${request.join(", ")}\``
    return `| \`${pattern}\` | ${fields} | ${isCommand ? "yes" : ""} | \`${types.get(pattern) ?? ""}\` |`
  })
  return ["| message | fields of the request | `idempotency_key` | response |", "|---|---|---|---|", ...rows, ""].join(
    "\n",
  )
}

describe("the messages of docs/tcp.md", () => {
  it("are those that the controllers handle, which `npm run docs:generate` writes", () => {
    const [before = "", rest = ""] = readFileSync(PAGE, "utf8").split(BEGIN)
    const [, after] = rest.split(END)
    expect(after).toBeDefined()
    expectGenerated(PAGE, `${before}${BEGIN}${table()}${END}${after ?? ""}`)
  })

  it("are those of the client, each with its response", () => {
    expect([...responses().keys()].sort()).toEqual(messages.map(({ pattern }) => pattern).sort())
  })
})
