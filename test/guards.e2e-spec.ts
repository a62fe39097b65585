import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import type { Type } from "@nestjs/common"
import { GUARDS_METADATA, INTERCEPTORS_METADATA, METHOD_METADATA, PATH_METADATA } from "@nestjs/common/constants.js"
import { ModulesContainer } from "@nestjs/core"
import { PublishableKeyGuard, SecretKeyGuard } from "../src/api-keys/key.guards.js"
import { endpointOf } from "../src/api/endpoint.js"
import { handlersOf } from "../src/api/endpoint-docs.js"
import { FieldsInterceptor } from "../src/api/fields/fields.interceptor.js"
import { TestService } from "./support/service.js"

/** The controllers that take requests without a key. */
const PUBLIC = ["hooks/payment", "health"]

interface HttpController {
  readonly name: string
  readonly path: string
  readonly guards: unknown[]
  readonly interceptors: unknown[]
  readonly handlers: object[]
}

const list = (key: string, target: object) => (Reflect.getMetadata(key, target) ?? []) as unknown[]
const isRoute = (handler: object) => Reflect.hasMetadata(METHOD_METADATA, handler)

let service: TestService
let controllers: HttpController[]
beforeAll(async () => {
  service = await TestService.start()
  controllers = [...service.app.get(ModulesContainer).values()]
    .flatMap((module) => [...module.controllers.values()])
    .map(({ metatype }) => metatype as Type)
    .map((type) => ({
      name: type.name,
      path: String(Reflect.getMetadata(PATH_METADATA, type)),
      guards: list(GUARDS_METADATA, type),
      interceptors: list(INTERCEPTORS_METADATA, type),
      handlers: handlersOf(type).filter(isRoute),
    }))
    .filter(({ handlers }) => handlers.length > 0)
})
afterAll(() => service.close())

describe("every controller over HTTP", () => {
  const namesWithout = (fits: (controller: HttpController) => boolean) =>
    controllers.filter((controller) => !fits(controller)).map(({ name }) => name)

  it("is below /store or /admin, unless it is listed as public", () => {
    expect(namesWithout(({ path }) => /^(store|admin)(\/|$)/.test(path) || PUBLIC.includes(path))).toEqual([])
    expect(controllers.length).toBeGreaterThan(15)
  })

  it("has the guard of its key", () => {
    const guardOf = (path: string) => {
      if (PUBLIC.includes(path)) return []
      return [path.startsWith("store") ? PublishableKeyGuard : SecretKeyGuard]
    }
    expect(controllers.map(({ name, guards }) => [name, guards])).toEqual(
      controllers.map(({ name, path }) => [name, guardOf(path)]),
    )
  })

  it("has the interceptor that renders what its endpoints return", () => {
    const hasEndpoints = ({ handlers }: HttpController) => handlers.some((handler) => endpointOf(handler))
    expect(namesWithout((each) => each.interceptors.includes(FieldsInterceptor) || !hasEndpoints(each))).toEqual([])
  })
})
