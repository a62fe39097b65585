import type * as Package from "@medusajs/js-sdk"
import { createRequire } from "node:module"

type Medusa = typeof Package.default.default

// The package's build for `import` leaves out the file extensions in its own imports, which only bundlers resolve.
const { default: MedusaSdk } = createRequire(import.meta.url)("@medusajs/js-sdk") as { default: Medusa }

export type Sdk = InstanceType<Medusa>

/** The js-sdk as an application uses it. */
export function newSdk(config: ConstructorParameters<Medusa>[0]): Sdk {
  return new MedusaSdk(config)
}
