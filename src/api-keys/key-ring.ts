import { Injectable } from "@nestjs/common"
import { LRUCache } from "lru-cache"
import { DataSource } from "typeorm"
import { ApiKey, type ApiKeyType } from "./api-key.entity.js"
import { equalInConstantTime, isRevoked, lookupOf } from "./api-key.rules.js"

/** Milliseconds that a key is trusted without asking the database again: a revocation takes effect everywhere within. */
export const KEY_TRUSTED_FOR = 10_000

/** Keys remembered at most; the ones used least recently give way. */
const KEYS_REMEMBERED = 10_000

/** `last_used_at` is written at most once in so many milliseconds per key. */
const USE_NOTED_EVERY = 60_000

/**
 * Tells whether a token opens a door. A key seen lately is answered from memory, parallel first uses share one look-up,
 * and an unknown token is never remembered: a new key works at once on every instance.
 */
@Injectable()
export class KeyRing {
  private readonly trusted = new LRUCache<string, ApiKey>({ max: KEYS_REMEMBERED, ttl: KEY_TRUSTED_FOR })
  private readonly lookUps = new Map<string, Promise<ApiKey | null>>()

  constructor(private readonly dataSource: DataSource) {}

  /** The key of a token, if there is one of this type and it is not revoked. */
  async open(type: ApiKeyType, token: string): Promise<ApiKey | undefined> {
    const lookup = lookupOf(type, token)
    const key = this.trusted.get(lookup) ?? (await this.lookUp(lookup))
    if (key?.type !== type || !equalInConstantTime(key.lookup, lookup)) return undefined
    return isRevoked(key, new Date()) ? undefined : key
  }

  /** Asks the database again on the next use. Other instances do so when their trust ends. */
  forget(lookup: string): void {
    this.trusted.delete(lookup)
    // Who waits for a look-up under way gets its answer; nobody is to trust it after.
    this.lookUps.delete(lookup)
  }

  private lookUp(lookup: string): Promise<ApiKey | null> {
    const underWay = this.lookUps.get(lookup)
    if (underWay) return underWay
    const found = this.dataSource.manager.findOneBy(ApiKey, { lookup })
    this.lookUps.set(lookup, found)
    const settled = (key: ApiKey | null) => {
      if (this.lookUps.get(lookup) !== found) return
      this.lookUps.delete(lookup)
      if (!key) return
      this.trusted.set(lookup, key)
      if (key.type === "secret") void this.noteUse(key)
    }
    found.then(settled, () => {
      settled(null)
    })
    return found
  }

  /** Nobody is refused because this could not be written; the next look-up tries again. */
  private async noteUse({ id, last_used_at }: ApiKey): Promise<void> {
    if ((last_used_at?.getTime() ?? 0) > Date.now() - USE_NOTED_EVERY) return
    await this.dataSource.query("UPDATE api_key SET last_used_at = now() WHERE id = $1", [id]).catch(() => undefined)
  }
}
