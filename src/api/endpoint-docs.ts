import type { INestApplicationContext } from "@nestjs/common"
import { ModulesContainer } from "@nestjs/core"
import type { OpenAPIObject } from "@nestjs/swagger"
import { endpointOf, type EndpointOptions } from "./endpoint.js"

type Operation = NonNullable<OpenAPIObject["paths"][string]["get"]>

/**
 * Documents the successful responses and the parameter `fields` of all endpoints. It runs when the document is built, not
 * when a controller is loaded, because a resource refers to others that are not loaded by then.
 */
export function documentEndpoints(app: INestApplicationContext, document: OpenAPIObject): void {
  const endpoints = endpointsOf(app)
  for (const { get, post, put, delete: remove } of Object.values(document.paths)) {
    for (const operation of [get, post, put, remove]) {
      const endpoint = operation && endpoints.get(operation.operationId)
      if (endpoint) documentEndpoint(operation, endpoint)
    }
  }
}

function documentEndpoint(operation: Operation, { responds, response, example = {} }: EndpointOptions<unknown>): void {
  operation.responses["200"] = {
    description: response,
    content: { "application/json": { schema: responds.schema(), example: responds.example(example) } },
  }
  for (const parameter of operation.parameters ?? []) {
    if ("name" in parameter && parameter.name === "fields") parameter.description = responds.describeFields?.()
  }
}

/** The endpoints of all controllers, by their operation id. */
function endpointsOf(app: INestApplicationContext): Map<string | undefined, EndpointOptions<unknown>> {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()])
  const handlers = controllers.flatMap(({ metatype }) => handlersOf(metatype))
  return new Map(
    handlers.flatMap((handler) => {
      const endpoint = endpointOf(handler)
      return endpoint ? [[endpoint.operationId, endpoint] as const] : []
    }),
  )
}

/** The methods of a controller. */
export function handlersOf(controller: object | null): object[] {
  if (typeof controller !== "function") return []
  const prototype: unknown = controller.prototype
  const members: unknown[] = Object.values(Object.getOwnPropertyDescriptors(prototype)).map(
    ({ value }) => value as unknown,
  )
  return members.filter((member) => typeof member === "function")
}
