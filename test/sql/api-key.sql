-- a request with a key that was not used for ten seconds

INSERT INTO "api_key"("id", "created_at", "updated_at", "type", "title", "lookup", "redacted", "sales_channel_ids",
  "created_by", "revoked_by", "revoked_at", "last_used_at")
VALUES ($1, DEFAULT, DEFAULT, $2, $3, $4, $5, DEFAULT, $6, DEFAULT, DEFAULT, DEFAULT)
RETURNING "created_at", "updated_at", "sales_channel_ids";

SELECT "ApiKey"."id" AS "ApiKey_id", "ApiKey"."created_at" AS "ApiKey_created_at",
  "ApiKey"."updated_at" AS "ApiKey_updated_at", "ApiKey"."type" AS "ApiKey_type", "ApiKey"."title" AS "ApiKey_title",
  "ApiKey"."lookup" AS "ApiKey_lookup", "ApiKey"."redacted" AS "ApiKey_redacted",
  "ApiKey"."sales_channel_ids" AS "ApiKey_sales_channel_ids", "ApiKey"."created_by" AS "ApiKey_created_by",
  "ApiKey"."revoked_by" AS "ApiKey_revoked_by", "ApiKey"."revoked_at" AS "ApiKey_revoked_at",
  "ApiKey"."last_used_at" AS "ApiKey_last_used_at"
FROM "api_key" "ApiKey"
WHERE (("ApiKey"."id" = $1))
LIMIT 1;

SELECT "ApiKey"."id" AS "ApiKey_id", "ApiKey"."created_at" AS "ApiKey_created_at",
  "ApiKey"."updated_at" AS "ApiKey_updated_at", "ApiKey"."type" AS "ApiKey_type", "ApiKey"."title" AS "ApiKey_title",
  "ApiKey"."lookup" AS "ApiKey_lookup", "ApiKey"."redacted" AS "ApiKey_redacted",
  "ApiKey"."sales_channel_ids" AS "ApiKey_sales_channel_ids", "ApiKey"."created_by" AS "ApiKey_created_by",
  "ApiKey"."revoked_by" AS "ApiKey_revoked_by", "ApiKey"."revoked_at" AS "ApiKey_revoked_at",
  "ApiKey"."last_used_at" AS "ApiKey_last_used_at"
FROM "api_key" "ApiKey"
WHERE (("ApiKey"."lookup" = $1))
LIMIT 1;


-- change, revoke and delete

UPDATE "api_key"
SET "title" = $1, "updated_at" = CURRENT_TIMESTAMP
WHERE "id" = $2;

WITH wanted AS MATERIALIZED (
  SELECT ARRAY(
    SELECT DISTINCT channel
    FROM unnest(sales_channel_ids || $2::text[]) channel
    WHERE channel <> ALL($3::text[])
    ORDER BY channel
  ) AS channels
  FROM api_key
  WHERE id = $1
  FOR UPDATE
)
UPDATE api_key
SET updated_at = now(), sales_channel_ids = wanted.channels
FROM wanted
WHERE id = $1 AND cardinality(wanted.channels) <= $4
RETURNING id;

UPDATE "api_key"
SET "revoked_at" = now() + $1 * interval '1 second', "revoked_by" = $2, "updated_at" = CURRENT_TIMESTAMP
WHERE "id" = $3 AND ("revoked_at" IS NULL OR "revoked_at" > clock_timestamp());

DELETE FROM "api_key"
WHERE "id" = $1;


-- list

SELECT count(*)::int AS count
FROM "api_key" root
WHERE (left(root.title::text, 1000) ILIKE $1 AND TRUE);

SELECT CASE WHEN sum(octet_length(row::text)) OVER (ROWS UNBOUNDED PRECEDING) <= 4194304 THEN row END AS row
FROM (
  SELECT json_build_object('id', root."id", 'created_at', root."created_at", 'updated_at', root."updated_at", 'type',
    root."type", 'title', root."title", 'lookup', root."lookup", 'redacted', root."redacted", 'sales_channel_ids',
    root."sales_channel_ids", 'created_by', root."created_by", 'revoked_by', root."revoked_by", 'revoked_at',
    root."revoked_at", 'last_used_at', root."last_used_at") AS row
  FROM "api_key" root
  WHERE (left(root.title::text, 1000) ILIKE $1 AND TRUE)
  ORDER BY root.id
  LIMIT 20 OFFSET 0
) page;
