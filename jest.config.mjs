import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

// One folder for the databases of a run; every worker inherits the name. The teardown removes it; Jest leaves that out
// when it only lists tests, stops at the first failure, or is interrupted.
if (!process.env.TEST_RUN_DIR) {
  const folder = mkdtempSync(join(tmpdir(), "payment-collections-test-"))
  process.env.TEST_RUN_DIR = folder
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1))
}

/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: {
          parser: { syntax: "typescript", decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          target: "es2022",
          keepClassNames: true,
        },
        module: { type: "es6" },
        sourceMaps: "inline",
      },
    ],
  },
  roots: ["<rootDir>/src", "<rootDir>/test"],
  testMatch: ["**/*.spec.ts", "**/*.e2e-spec.ts"],
  // A machine that is busy with something else is no failure.
  testTimeout: 180_000,
  maxWorkers: 2,
  globalTeardown: "<rootDir>/test/support/teardown.mjs",
}
