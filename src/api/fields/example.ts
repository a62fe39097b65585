import { parseFields, type Selection } from "./fields.js"
import type { View } from "./fields.interceptor.js"
import { resourceOf } from "./resource.js"

/**
 * Values of some fields, by the name of the resource and of the field, where an example tells a story of its own; null
 * where the story has none of a resource yet.
 */
export type Story = Readonly<Record<string, Readonly<Record<string, unknown>> | null>>

/** What a view answers by default, made of the examples of its fields, so that a new field is in every example too. */
export function exampleOf({ type, defaults, audience }: View, story: Story = {}): Record<string, unknown> {
  return exampleOfSelection(parseFields(resourceOf(type), defaults, undefined, audience), story)
}

function exampleOfSelection({ resource, scalars, relations }: Selection, story: Story): Record<string, unknown> {
  const told = story[resource.name] ?? {}
  const example: Record<string, unknown> = {}
  for (const [name, field] of resource.fields) {
    if (scalars.has(name)) example[name] = name in told ? told[name] : field.example
  }
  for (const [name, { many }] of resource.relations) {
    const selection = relations.get(name)
    if (!selection) continue
    const related = story[selection.resource.name] === null ? null : exampleOfSelection(selection, story)
    example[name] = many ? (related ? [related] : []) : related
  }
  return example
}
