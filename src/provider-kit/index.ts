export type { KitSession, ProviderBooks, ProviderHarness } from "./harness.js"
export { providerChecks, type ProviderCheck } from "./provider-checks.js"
