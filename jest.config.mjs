import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

// One folder for the databases of a run; every worker inherits the name, the teardown removes it.
process.env.TEST_RUN_DIR ??= mkdtempSync(join(tmpdir(), "payment-collections-test-"))

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
