import type { INestApplication } from "@nestjs/common"
import { ModulesContainer } from "@nestjs/core"
import { PATTERN_METADATA } from "@nestjs/microservices/constants.js"

/** The patterns of all messages that the service handles over TCP. */
export function patternsOf(app: INestApplication): string[] {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()])
  return controllers
    .flatMap(({ metatype }) => {
      const prototype = (metatype as { prototype: object } | null)?.prototype ?? {}
      const handlers = Object.values(Object.getOwnPropertyDescriptors(prototype)).map(({ value }) => value as object)
      return handlers.flatMap(
        (handler) => (Reflect.getMetadata(PATTERN_METADATA, handler) as string[] | undefined) ?? [],
      )
    })
    .filter((pattern) => pattern !== "*")
}
