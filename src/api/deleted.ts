import { ApiOkResponse } from "@nestjs/swagger"

/** What a DELETE answers, as in Medusa. */
export interface Deleted<Kind extends string> {
  id: string
  /** What was deleted. */
  object: Kind
  deleted: true
}

export function ApiDeleted(object: string, exampleId: string): MethodDecorator {
  return ApiOkResponse({
    description: "It is deleted.",
    content: {
      "application/json": {
        schema: {
          type: "object",
          required: ["id", "object", "deleted"],
          properties: {
            id: { type: "string", description: "What was deleted." },
            object: { type: "string", enum: [object], description: "What it was." },
            deleted: { type: "boolean", enum: [true], description: "Always true." },
          },
        },
        example: { id: exampleId, object, deleted: true },
      },
    },
  })
}
