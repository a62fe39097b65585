/** A text with gaps: every second part is the name of what goes there. */
export type Template = readonly string[]

/** @param gaps names of the gaps, by what stands there in this text */
export function templateOf(text: string, gaps: ReadonlyMap<string, string>): Template {
  if (gaps.size === 0) return [text]
  const parts = text.split(new RegExp(`(${[...gaps.keys()].join("|")})`))
  return parts.map((part, index) => (index % 2 === 1 ? (gaps.get(part) ?? part) : part))
}

export function fill(template: Template, valueOf: (gap: string) => string): string {
  return template.map((part, index) => (index % 2 === 1 ? valueOf(part) : part)).join("")
}
