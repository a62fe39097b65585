/** Clauses that begin a line of their own. */
const CLAUSES = [
  "WITH",
  "SELECT",
  "INSERT INTO",
  "UPDATE",
  "DELETE FROM",
  "VALUES",
  "SET",
  "FROM",
  "JOIN",
  "LEFT JOIN",
  "CROSS JOIN",
  "WHERE",
  "GROUP BY",
  "ORDER BY",
  "LIMIT",
  "ON CONFLICT",
  "RETURNING",
  "FOR (?:NO KEY )?(?:UPDATE|SHARE)",
]

const STRING = /'(?:[^']|'')*'/.source
const CLAUSE = CLAUSES.map((clause) => `\\b(?:${clause})\\b`).join("|")
/** A clause that belongs to the words before it, or an argument of an expression. */
const INLINE = /\b(?:DO UPDATE SET|FOR UPDATE|FOR NO KEY UPDATE|DISTINCT FROM|EXTRACT\(\w+ FROM)\b/.source

const TOKENS = new RegExp(`${STRING}|"[^"]*"|${INLINE}|${CLAUSE}|[()]|[^\\s()'"]+|\\s+`, "g")
const STARTS_LINE = new RegExp(`^(?:${CLAUSE})$`)

/** Columns that a line takes before it is wrapped after a comma or before AND. */
const WIDTH = 120

/** One statement with a line per clause, and subqueries indented: for people who compare two versions. */
export function formatSql(statement: string): string {
  const lines: string[] = []
  let line = ""
  let depth = 0
  /** Of each open bracket, whether it holds a subquery. */
  const brackets: boolean[] = []
  const flush = () => {
    if (line.trim() !== "") lines.push(...wrap(line.trim(), "  ".repeat(depth)))
    line = ""
  }
  const tokens = [...statement.matchAll(TOKENS)].map(([token]) => (/^\s+$/.test(token) ? " " : token))
  for (const [index, token] of tokens.entries()) {
    if (token === "(") {
      const next = tokens.slice(index + 1).find((each) => each !== " ")
      const isQuery = ["SELECT", "WITH", "INSERT INTO", "UPDATE", "DELETE FROM"].includes(next ?? "")
      line += "("
      brackets.push(isQuery)
      if (isQuery) {
        flush()
        depth++
      }
    } else if (token === ")") {
      if (brackets.pop()) {
        flush()
        depth--
      }
      line += ")"
    } else {
      const isTop = brackets.length === 0 || brackets.at(-1) === true
      if (isTop && (STARTS_LINE.test(token) || /^FOR (NO KEY )?UPDATE$/.test(token))) flush()
      line += token
    }
  }
  flush()
  return lines.join("\n")
}

function wrap(text: string, indent: string): string[] {
  const lines = [""]
  for (const piece of text.split(/(?<=, )|(?= AND )/)) {
    const last = lines.at(-1) ?? ""
    if (last !== "" && indent.length + last.length + piece.length > WIDTH) lines.push(`  ${piece.trimStart()}`)
    else lines[lines.length - 1] = last + piece
  }
  return lines.map((line) => `${indent}${line.trimEnd()}`)
}
