import { Injectable } from "@nestjs/common"
import { InjectRepository } from "@nestjs/typeorm"
import { Repository } from "typeorm"
import { excerpt, InvalidData, NotAllowed, NotFound } from "../common/errors.js"
import { newId } from "../common/ids.js"
import { ROOT } from "../database/statements/read-graph.js"
import { searchedSql } from "../api/lists/list-query.js"
import { readList } from "../api/lists/read-list.js"
import type { PageOf } from "../database/statements/read-page.js"
import type { Selection } from "../api/fields/fields.js"
import { API_KEY_FILTERS, MAX_CHANNELS, type CreateApiKeyRequest, type ListApiKeysQuery } from "./api-key.dto.js"
import { ApiKey, type ApiKeyType } from "./api-key.entity.js"
import { isRevoked, lookupOf, newToken, redact } from "./api-key.rules.js"
import { KeyRing } from "./key-ring.js"

/** The creator of a key that `npm run keys` created. */
export const COMMAND_LINE = "command line"

/** Keys that the command lists. */
const NEWEST = 1_000

/** Creates, renames, revokes and deletes keys. A token is returned once; of a secret one only the hash is stored. */
@Injectable()
export class ApiKeysService {
  constructor(
    @InjectRepository(ApiKey) private readonly keys: Repository<ApiKey>,
    private readonly ring: KeyRing,
  ) {}

  /** @returns the key, and its token: the only time that a secret one is returned */
  async create(
    { title, type }: CreateApiKeyRequest,
    createdBy: string | null,
  ): Promise<{ key: ApiKey; token: string }> {
    const token = newToken(type)
    return { key: await this.store(type, title, token, createdBy), token }
  }

  /** Whether there is a key with this token, revoked or not. */
  async exists(type: ApiKeyType, token: string): Promise<boolean> {
    return this.keys.existsBy({ lookup: lookupOf(type, token) })
  }

  /** Creates a key with a given token if there is none, under any race. An existing one stays as it is, revoked or not. */
  async ensure(type: ApiKeyType, title: string, token: string): Promise<void> {
    await this.keys
      .createQueryBuilder()
      .insert()
      .values({ id: newId("apk"), type, title, lookup: lookupOf(type, token), redacted: redact(token) })
      .orIgnore()
      .execute()
    this.ring.forget(lookupOf(type, token))
  }

  async get(id: string): Promise<ApiKey> {
    const key = await this.keys.findOneBy({ id })
    if (!key) throw apiKeyNotFound(id)
    return key
  }

  async list(query: ListApiKeysQuery, selection: Selection): Promise<PageOf<ApiKey>> {
    const search =
      typeof query["q"] === "string"
        ? { where: `${searchedSql(`${ROOT}.title`)} ILIKE $1`, parameters: [`%${query["q"]}%`] }
        : undefined
    return readList<ApiKey>(this.keys.manager, selection, API_KEY_FILTERS, query, search)
  }

  /** The newest keys, for people; at most {@link NEWEST}. */
  async newest(): Promise<ApiKey[]> {
    return this.keys.find({ order: { created_at: "DESC", id: "DESC" }, take: NEWEST })
  }

  async rename(id: string, title: string): Promise<ApiKey> {
    await this.keys.update({ id }, { title })
    return this.get(id)
  }

  /** @param seconds from now; a key that is to be revoked later can still be revoked immediately, but no revoked key becomes valid again */
  async revoke(id: string, seconds: number, revokedBy: string): Promise<ApiKey> {
    // `now()` is the time before the wait for another revocation, which the one that waited would then undo.
    const { affected } = await this.keys
      .createQueryBuilder()
      .update()
      .set({ revoked_at: () => "now() + :seconds * interval '1 second'", revoked_by: revokedBy })
      .where("id = :id AND (revoked_at IS NULL OR revoked_at > clock_timestamp())", { id, seconds })
      .execute()
    const key = await this.get(id)
    if (!affected) throw new InvalidData(`The API key ${excerpt(id)} is already revoked.`)
    this.ring.forget(key.lookup)
    return key
  }

  /** Only a revoked key can go, as in Medusa: nobody deletes one in use by mistake. */
  async delete(id: string): Promise<void> {
    const key = await this.get(id)
    if (!isRevoked(key, new Date())) throw keyNotRevoked(id)
    await this.keys.delete({ id })
    this.ring.forget(key.lookup)
  }

  /** Channels are the shop's own ids; this service does not know what they stand for. */
  async changeSalesChannels(id: string, add: string[], remove: string[]): Promise<ApiKey> {
    const key = await this.get(id)
    if (key.type !== "publishable") throw new InvalidData("Sales channels can only be set on a publishable key")
    // One statement with a lock, so that parallel changes add up and none exceeds the maximum.
    const [changed] = await this.keys.query<[{ id: string }[], number]>(
      `WITH wanted AS MATERIALIZED (
         SELECT ARRAY(SELECT DISTINCT channel FROM unnest(sales_channel_ids || $2::text[]) channel
           WHERE channel <> ALL($3::text[]) ORDER BY channel) AS channels FROM api_key WHERE id = $1 FOR UPDATE
       )
       UPDATE api_key SET updated_at = now(), sales_channel_ids = wanted.channels FROM wanted
       WHERE id = $1 AND cardinality(wanted.channels) <= $4 RETURNING id`,
      [id, add, remove, MAX_CHANNELS],
    )
    if (changed.length === 0) throw new InvalidData(`A key takes at most ${MAX_CHANNELS} sales channels.`)
    this.ring.forget(key.lookup)
    return this.get(id)
  }

  private async store(type: ApiKeyType, title: string, token: string, createdBy: string | null): Promise<ApiKey> {
    const key = {
      id: newId("apk"),
      type,
      title,
      lookup: lookupOf(type, token),
      redacted: redact(token),
      created_by: createdBy,
    }
    await this.keys.insert(key)
    return this.get(key.id)
  }
}

export function apiKeyNotFound(id: string): NotFound {
  return new NotFound(`API Key with id: ${excerpt(id)} was not found`)
}

export function keyNotRevoked(id: string): NotAllowed {
  return new NotAllowed(`Cannot delete api keys that are not revoked - ${excerpt(id)}`)
}
