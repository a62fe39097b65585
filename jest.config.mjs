import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

// One folder for the databases and the build of a run; every worker inherits the name. The teardown removes it; Jest skips
// the teardown when it only lists tests, stops at the first failure, or is interrupted.
if (!process.env.TEST_RUN_DIR) {
  const folder = mkdtempSync(join(tmpdir(), "payment-collections-test-"))
  process.env.TEST_RUN_DIR = folder
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1))
}

/** @type {import("jest").Config} */
const common = {
  testEnvironment: "node",
  roots: ["src", "test", "sandbox"].filter((folder) => existsSync(folder)).map((folder) => `<rootDir>/${folder}`),
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
}

/** @type {import("jest").Config} */
export default {
  projects: [
    { ...common, displayName: "unit", testMatch: ["<rootDir>/{src,sandbox}/**/*.spec.ts"] },
    {
      ...common,
      displayName: "e2e",
      testMatch: ["<rootDir>/test/**/*.spec.ts", "<rootDir>/**/*.e2e-spec.ts"],
      // Jest takes `testTimeout` from the outer configuration only.
      setupFilesAfterEnv: ["<rootDir>/test/support/e2e-timeout.mjs"],
    },
  ],
  testTimeout: 10_000,
  maxWorkers: 2,
  globalTeardown: "<rootDir>/test/support/teardown.mjs",
}
