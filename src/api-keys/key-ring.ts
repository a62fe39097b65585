import { Injectable } from "@nestjs/common"
import { InjectRepository } from "@nestjs/typeorm"
import { LRUCache } from "lru-cache"
import { Repository } from "typeorm"
import { ApiKey, type ApiKeyType } from "./api-key.entity.js"
import { equalInConstantTime, isRevoked, lookupOf } from "./api-key.rules.js"

/** Milliseconds that a key is trusted without asking the database again: a revocation takes effect everywhere within. */
export const KEY_TRUSTED_FOR = 10_000

/** Keys remembered at most; the ones used least recently give way. */
const KEYS_REMEMBERED = 10_000

/** `last_used_at` is written at most once in so many milliseconds per key. */
const USE_NOTED_EVERY = 60_000

/**
 * Finds the API key of a token. A key that was seen lately comes from memory, and parallel first uses share one look-up.
 * An unknown token is never remembered, so that a new key works on every instance immediately.
 */
@Injectable()
export class KeyRing {
  private readonly trusted = new LRUCache<string, ApiKey>({ max: KEYS_REMEMBERED, ttl: KEY_TRUSTED_FOR })
  private readonly lookUps = new Map<string, Promise<ApiKey | null>>()

  constructor(@InjectRepository(ApiKey) private readonly keys: Repository<ApiKey>) {}

  /** The key of a token, if there is one of this type and it is not revoked. */
  async open(type: ApiKeyType, token: string): Promise<ApiKey | undefined> {
    const lookup = lookupOf(type, token)
    const key = this.trusted.get(lookup) ?? (await this.lookUp(lookup))
    if (key?.type !== type || !equalInConstantTime(key.lookup, lookup)) return undefined
    return isRevoked(key, new Date()) ? undefined : key
  }

  /** Makes the next use query the database. Other instances do so within {@link KEY_TRUSTED_FOR}. */
  forget(lookup: string): void {
    this.trusted.delete(lookup)
    // Callers that wait for a pending look-up still get its result, but it is not remembered.
    this.lookUps.delete(lookup)
  }

  private lookUp(lookup: string): Promise<ApiKey | null> {
    const pending = this.lookUps.get(lookup)
    if (pending) return pending
    const found = this.keys.findOneBy({ lookup })
    this.lookUps.set(lookup, found)
    const remember = (key: ApiKey | null) => {
      if (this.lookUps.get(lookup) !== found) return
      this.lookUps.delete(lookup)
      if (!key) return
      this.trusted.set(lookup, key)
      if (key.type === "secret") void this.noteUse(key)
    }
    found.then(remember, () => {
      remember(null)
    })
    return found
  }

  /** A failure refuses nobody: the next look-up tries again. */
  private async noteUse({ id, last_used_at }: ApiKey): Promise<void> {
    if ((last_used_at?.getTime() ?? 0) > Date.now() - USE_NOTED_EVERY) return
    // Not by `update` of the repository, which would set `updated_at` too: the key has not changed.
    await this.keys.query("UPDATE api_key SET last_used_at = now() WHERE id = $1", [id]).catch(() => undefined)
  }
}
