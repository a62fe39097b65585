import type { INestApplicationContext } from "@nestjs/common"
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { newToken } from "../api-keys/api-key.rules.js"
import { ApiKeysService } from "../api-keys/api-keys.service.js"
import { CartsService } from "../carts/carts.service.js"
import { PaymentProvidersService } from "../payment-providers/payment-providers.service.js"
import { SYSTEM_PROVIDER_ID } from "../payment-providers/system/system.provider.js"

/** The keys of the demo shop. They are kept in the data folder, readable by its owner alone. */
export interface DemoKeys {
  publishable: string
  secret: string
}

const DEMO_REGION = "reg_demo"

export const DEMO_CARTS = [
  { id: "cart_demo_1", currency_code: "eur", total: 49.9 },
  { id: "cart_demo_2", currency_code: "usd", total: 120 },
  { id: "cart_demo_3", currency_code: "jpy", total: 5000 },
] as const

/** The file with the demo shop's keys. It also marks that the demo shop exists. */
const KEYS_FILE = "keys.json"

/** Whether the database in a data folder has the demo shop, and its keys. */
export function hasDemo(dataDir: string): boolean {
  return existsSync(join(dataDir, KEYS_FILE))
}

/**
 * Fills a new embedded database with a region, three carts and a pair of keys, so that a first request works when
 * pasted. This happens once, so later changes of the operator stay. A start that died half-way is completed by the next one.
 */
export async function seedDemo(app: INestApplicationContext, dataDir: string): Promise<DemoKeys> {
  const file = join(dataDir, KEYS_FILE)
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as DemoKeys

  const keys: DemoKeys = { publishable: newToken("publishable"), secret: newToken("secret") }
  await app.get(PaymentProvidersService).configureRegion(DEMO_REGION, [SYSTEM_PROVIDER_ID])
  for (const { id, ...cart } of DEMO_CARTS) {
    await app.get(CartsService).put(id, { ...cart, region_id: DEMO_REGION, email: "buyer@example.com" })
  }
  await app.get(ApiKeysService).ensure("publishable", "Demo storefront", keys.publishable)
  await app.get(ApiKeysService).ensure("secret", "Demo operator", keys.secret)

  // Written last and atomically, because the file marks that the demo shop exists.
  // An existing file may be another user's, from a time when the folder was open.
  rmSync(`${file}.new`, { force: true })
  writeFileSync(`${file}.new`, JSON.stringify(keys, null, 2), { mode: 0o600, flag: "wx" })
  renameSync(`${file}.new`, file)
  return keys
}
