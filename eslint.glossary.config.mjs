import tseslint from "typescript-eslint"
import glossary from "./eslint-glossary.mjs"
import markdown from "@eslint/markdown"
export default [
  { ignores: ["**/dist/", "**/node_modules/**", "docs/openapi.json"] },
  {
    files: ["**/*.ts"],
    languageOptions: { parser: tseslint.parser },
    plugins: { glossary },
    rules: { "glossary/terms": "error" },
    linterOptions: { reportUnusedDisableDirectives: "off" },
  },
  { files: ["**/*.mjs", "**/*.js", "**/*.cjs"], plugins: { glossary }, rules: { "glossary/terms": "error" } },
  {
    files: ["**/*.md"],
    plugins: { glossary, markdown },
    language: "markdown/gfm",
    rules: { "glossary/terms": "error" },
  },
]
