import type { Selection } from "./fields.js"

/**
 * Values of some fields, by the name of the resource and of the field, if an example tells a story of its own; null if
 * the story has no such resource yet.
 */
export type Story = Readonly<Record<string, Readonly<Record<string, unknown>> | null>>

/** Composes the response to a selection from the examples of its fields, so that a new field is in every example too. */
export function exampleOf({ resource, scalars, relations }: Selection, story: Story = {}): Record<string, unknown> {
  const values = story[resource.name] ?? {}
  const example: Record<string, unknown> = {}
  for (const [name, field] of resource.fields) {
    if (scalars.has(name)) example[name] = name in values ? values[name] : field.example
  }
  for (const [name, { many }] of resource.relations) {
    const selection = relations.get(name)
    if (!selection) continue
    const related = story[selection.resource.name] === null ? null : exampleOf(selection, story)
    example[name] = many ? (related ? [related] : []) : related
  }
  return example
}
