/** Returns the ids in a path by their names in the pattern, or undefined if the pattern does not match. */
export type PathPattern = (method: string, path: string) => Record<string, string> | undefined

/** @param text method and path: `GET /v1/customers/:customer/payment_methods` */
export function pathPattern(text: string): PathPattern {
  const [expectedMethod = "", expectedPath = ""] = text.split(" ")
  const expected = expectedPath.split("/")
  return (method, path) => {
    const parts = path.split("/")
    if (method !== expectedMethod || parts.length !== expected.length) return undefined
    const ids: Record<string, string> = {}
    for (const [index, part] of expected.entries()) {
      const actual = parts[index] ?? ""
      if (part.startsWith(":") && actual !== "") ids[part.slice(1)] = decoded(actual)
      else if (part !== actual) return undefined
    }
    return ids
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // No id looks like that, so it is not found as it is.
    return part
  }
}
