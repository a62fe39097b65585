/** Answers the ids in a path by their names in the pattern, or undefined where it is another request. */
export type PathPattern = (method: string, path: string) => Record<string, string> | undefined

/** @param text method and path: `GET /v1/customers/:customer/payment_methods` */
export function pathPattern(text: string): PathPattern {
  const [wantedMethod = "", wantedPath = ""] = text.split(" ")
  const wanted = wantedPath.split("/")
  return (method, path) => {
    const parts = path.split("/")
    if (method !== wantedMethod || parts.length !== wanted.length) return undefined
    const ids: Record<string, string> = {}
    for (const [index, part] of wanted.entries()) {
      const actual = parts[index] ?? ""
      if (part.startsWith(":") && actual !== "") ids[part.slice(1)] = decodeURIComponent(actual)
      else if (part !== actual) return undefined
    }
    return ids
  }
}
