// The words that this project does not use, and the term to use instead: an ESLint rule over code, comments and prose.
// docs/glossary.md explains the terms. An exception needs a reason beside it.

/** A word of the glossary: what to find, and what to write instead. Letters of both cases are found. */
const TERMS = [
  [/\b(?:tell|tells|told|telling)\b/, "emit or record (an event), report, notify, return, show"],
  [/\bbooks?\b(?!\s+(?:a|the) )/, "records, database, account holders"],
  [/\b(?:un)?settl(?:e|es|ed|ing|er|ers)\b/, "resolve, resolved; settlement means the payout"],
  [/\bunder way\b|\bbegun\b/, "in progress, pending, started"],
  [/\bstay(?:s|ed)? out\b/, "is lost, times out"],
  [/\bg(?:ive|ives|ave|iven|iving) up\b/, "void, release, stop"],
  [/\bg(?:ive|ives|ave|iven|iving) back\b/, "refund, return"],
  [/\bt(?:ake|akes|ook|aken|aking) (?:on|over)\b/, "adopt, apply, accept"],
  [/\bmend(?:s|ed|ing)?\b/, "fix"],
  [/\bwhat is so\b/, "the current state"],
  [/\bstandings?\b/, "authorization, state"],
  [/\bg(?:o|oes|one|oing) on\b|\bwent on\b/, "continue, resume, happen"],
  [/\bby commas\b/, "comma-separated"],
  [/\bby hand\b/, "manually"],
  [/\bat once\b/, "immediately, at the same time"],
  [/\bwhoever\b|\bwherever\b|\bwhosoever\b/, "the caller, the client; if, when"],
  [/\bthe other way (?:a)?round\b/, "and vice versa"],
  [/\bword (?:by|for) word\b/, "verbatim"],
  [/\bblanks?\b/, "space"],
  [/\bplayed\b|\btall(?:y|ies)\b|\bswitchboards?\b|\bhappenings?\b|\bfates?\b|\blanes?\b|\bmortals?\b/, "a plain term"],
  [
    /\b(?:an?|the|its|their|every|each|no|that|this|first|last|same|whole|kept|stored|lost) answers?\b/,
    "response, outcome",
  ],
]

/** Names of code that go too; their parts are found inside of longer names. */
const NAMES = [
  [
    /(?<![A-Za-z])answers?Of|[a-z]Answers?(?![a-z])|\bAnswers?(?=[A-Z])|\banswered\b(?=\s*[,:(=}])/,
    "response, outcome",
  ],
  [/isTheAct|isLast(?![a-zA-Z])|\bbearsMark|isLeftToUs|\binWords|takesLittle/, "a plain name"],
  [
    /[a-z](?:Books?|Settled?|Settlers?|Told|Telling)(?![a-z])|\b(?:un)?settled?[A-Z]|\btold[A-Z]|\btelling[A-Z-]|\bbooks?[A-Z]/,
    "a plain name",
  ],
]

/** A sentence of a comment or of prose has a subject that can be pointed at. */
const OPENINGS =
  /(?:^|[.;:!?|]\s+|\/\*\*?\s+|\/\/\s+|^\s*\*\s+|^\s*[-*]\s+)((?:What|Whatever|Whoever|Wherever|Who)\s[^.?!\n]*)/g

/** @type {import("eslint").Rule.RuleModule} */
const rule = {
  meta: { type: "suggestion", schema: [], messages: { term: "'{{found}}': use {{instead}} (docs/glossary.md)." } },
  create(context) {
    const { sourceCode } = context
    const isProse = context.language === "markdown/gfm" || context.language === "markdown/commonmark"
    const check = () => {
      sourceCode.lines.forEach((line, index) => {
        const report = (found, column, instead) => {
          const start = { line: index + 1, column }
          context.report({
            loc: { start, end: { ...start, column: column + found.length } },
            messageId: "term",
            data: { found, instead },
          })
        }
        const words = line.replace(/([a-z])([A-Z])/g, "$1 $2").replaceAll(/[_-]/g, " ")
        for (const [pattern, instead] of TERMS) {
          const match = new RegExp(pattern.source, "i").exec(line) ?? new RegExp(pattern.source, "i").exec(words)
          if (match) report(match[0], Math.max(line.indexOf(match[0]), 0), instead)
        }
        if (!isProse) {
          for (const [pattern, instead] of NAMES) {
            const match = pattern.exec(line)
            if (match) report(match[0], match.index, instead)
          }
        }
        const isText = isProse || /\/\/|^\s*\/?\*/.test(line)
        if (isText && !line.trimStart().startsWith("#")) {
          for (const match of line.matchAll(OPENINGS)) {
            if (!line.slice(match.index + match[0].length).startsWith("?"))
              report(match[1].slice(0, 30), match.index, "a subject that can be pointed at")
          }
        }
      })
    }
    return { Program: check, root: check }
  },
}

export default { rules: { terms: rule } }
