import { ApiOkResponse } from "@nestjs/swagger"

/** What a DELETE answers, as in Medusa. */
export interface Deleted {
  id: string
  object: string
  deleted: true
}

export function ApiDeleted(object: string, exampleId: string): MethodDecorator {
  return ApiOkResponse({
    description: "It is deleted.",
    schema: {
      type: "object",
      required: ["id", "object", "deleted"],
      properties: {
        id: { type: "string", example: exampleId },
        object: { type: "string", enum: [object], example: object },
        deleted: { type: "boolean", example: true },
      },
    },
  })
}
