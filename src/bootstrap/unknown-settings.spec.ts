import { describe, expect, it } from "@jest/globals"
import { ConfigError, readConfig } from "../config.js"
import { loadOwnProviders } from "../payment-providers/provider-modules.js"
import { checkSettingNames, recordReads } from "./unknown-settings.js"

const STRIPE = { STRIPE_API_KEY: "sk_test_1" }

/** Reads an environment as a start does, then looks for names that nothing has read. */
async function check(environment: NodeJS.ProcessEnv): Promise<string[]> {
  const recorded = recordReads(environment)
  readConfig(recorded.env)
  await loadOwnProviders(recorded.env)
  return checkSettingNames(recorded, environment)
}

describe("a setting that nothing reads", () => {
  it.each<[string, string, NodeJS.ProcessEnv?]>([
    ["TCP_PROT", "TCP_PORT"],
    ["TCP_TLS_CERTS", "TCP_TLS_CERT"],
    ["BOOTSTRAP_SECRET", "BOOTSTRAP_SECRET_KEY"],
    ["RECONCILER_INTERVALL", "RECONCILER_INTERVAL"],
    ["PROVIDER_MODULE", "PROVIDER_MODULES"],
    ["STRIPE_API_KYE", "STRIPE_API_KEY"],
    ["STRIPE_WEBHOOK_SECRETS", "STRIPE_WEBHOOK_SECRET"],
    ["STRIPE_CAPTUR", "STRIPE_CAPTURE", STRIPE],
    ["STRIPE_EU_CAPTUR", "STRIPE_EU_CAPTURE", { STRIPE_ACCOUNTS: "eu", STRIPE_EU_API_KEY: "sk_test_1" }],
    ["STRIPE_US_API_KEY", "STRIPE_EU_API_KEY", { STRIPE_ACCOUNTS: "eu", STRIPE_EU_API_KEY: "sk_test_1" }],
  ])("ends the start if it is misspelt: %s", async (name, meant, rest = {}) => {
    const checking = check({ ...rest, [name]: "x" })
    await expect(checking).rejects.toThrow(ConfigError)
    await expect(checking).rejects.toThrow(`${name} is no setting: did you mean ${meant}?`)
  })

  it("names each one", async () => {
    await expect(check({ TCP_PROT: "1", TCP_HOTS: "2" })).rejects.toThrow(/TCP_PROT .* TCP_HOTS is no setting/)
  })

  it.each([
    ["DATABASE_POOLSIZE", ": did you mean DATABASE_POOL_SIZE?"],
    ["DATABASE_URI", ": did you mean DATABASE_URL?"],
    ["STORE_COR", ": did you mean STORE_CORS?"],
    ["LOG_LEVELS", ": did you mean LOG_LEVEL?"],
    ["STRIPE_PUBLISHABLE_KEY", "."],
  ])("is a warning if another program may read it: %s", async (name, rest) => {
    expect(await check({ [name]: "x" })).toEqual([`${name} is no setting of this service${rest}`])
  })

  it("is none if it is a setting, or clearly another program's", async () => {
    const settings = {
      ...{ NODE_ENV: "test", HOST: "::1", PORT: "0", TCP_HOST: "::1", TCP_PORT: "0", DATA_DIR: "x", DOCS: "off" },
      ...{ STRIPE_ACCOUNTS: "eu", STRIPE_EU_API_KEY: "sk_test_1", STRIPE_EU_WEBHOOK_SECRET: "whsec_1" },
      ...{ STRIPE_CAPTURE: "manual", STRIPE_EU_CAPTURE: "automatic", STRIPE_API_BASE: "http://127.0.0.1:1" },
    }
    const others = {
      ...{ HOSTNAME: "x", HOSTTYPE: "x", DATABASE_NAME: "x", PATH: "/", HOME: "/", LOGNAME: "x", PGPASSWORD: "x" },
      ...{
        TCP_SERVICE_HOST: "10.0.0.1",
        TCP_PORT_9000_TCP_ADDR: "10.0.0.1",
        STORE_SERVICE_PORT: "80",
        PROVIDER_PORT: "tcp://10.0.0.1:80",
      },
    }
    expect(await check({ ...settings, ...others })).toEqual([])
  })
})
