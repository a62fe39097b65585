/**
 * Who may import whom: the features form a line, each may use those to its left. It reads as containment: a collection
 * holds sessions, a session becomes a payment, a payment holds captures and refunds.
 */
const LAYERS = [
  ["common"],
  ["telemetry", "database"],
  ["api"],
  ["payment-providers/contract"],
  ["payment-model"],
  ["outbox", "api-keys", "idempotency", "carts"],
  ["payment-providers", "refund-reasons", "account-holders"],
  ["payments"],
  ["payment-sessions"],
  ["payment-collections"],
  ["payment-operations", "webhooks"],
  ["health"],
]

/** The contract of providers stands below the model, the rest of payment-providers above it. */
const pattern = (name) => (name === "payment-providers" ? "payment-providers/(?!contract/)" : `${name}/`)
const folder = (names) => `^src/(${names.map(pattern).join("|")})`
const rule = (name, from, to, comment) => ({ name, severity: "error", comment, from: { path: from }, to })

const upwards = LAYERS.flatMap((layer, index) => {
  const above = LAYERS.slice(index + 1).flat()
  return above.length === 0
    ? []
    : [
        rule(
          `${layer[0]}-knows-nothing-above`,
          folder(layer),
          { path: folder([...above, "bootstrap", "cli", "demo", "client", "provider-kit"]) },
          "Dependencies point one way.",
        ),
      ]
})

module.exports = {
  forbidden: [
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
      comment: "Types may refer to each other: rows do.",
    },
    { name: "not-to-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    ...upwards,
    rule("common-knows-no-payments", "^src/common/", { path: "^src/(?!common/)" }, "common is usable anywhere."),
    rule(
      "model-apart-from-keys-and-carts",
      "^src/payment-model/",
      { path: folder(["outbox", "api-keys", "idempotency", "carts"]) },
      "The aggregate stands alone.",
    ),
    rule(
      "outbox-knows-no-payments",
      folder(["outbox", "idempotency", "carts", "api-keys"]),
      { path: folder(["payment-model"]) },
      "Infrastructure knows no payment type.",
    ),
    rule(
      "client-stands-alone",
      "^src/client/",
      { path: "^src/(?!client/)" },
      "Other services install it without ours, types included.",
    ),
    rule(
      "provider-kit-knows-the-contract-alone",
      "^src/provider-kit/",
      { path: "^src/(?!provider-kit/|payment-providers/contract/|common/money\\.ts$)" },
      "Authors of providers run it without the service.",
    ),
    rule(
      "provider-kit-takes-types-alone",
      "^src/provider-kit/",
      { path: "^src/(?!provider-kit/)", dependencyTypesNot: ["type-only"] },
      "Authors of providers run it without the service.",
    ),
    rule(
      "features-are-composed-at-the-top",
      "^src/(?!bootstrap/|cli/)[^/]+/",
      { path: "^src/(main|app\\.module)\\.ts$" },
      "The composition root imports, nobody imports it.",
    ),
    rule(
      "sandbox-stays-outside",
      "^src/",
      { path: "^(sandbox|test|bench|examples)/" },
      "The product runs without them.",
    ),
    {
      name: "one-reader-of-the-environment",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(config|main)\\.ts$" },
      to: { path: "^(node:)?process$" },
    },
  ],
  options: {
    tsPreCompilationDeps: "specify",
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
  },
}
