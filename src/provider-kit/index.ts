export type { KitSession, ProviderRecords, ProviderHarness } from "./harness.js"
export { providerChecks, type ProviderCheck } from "./provider-checks.js"
