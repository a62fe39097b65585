-- create

SELECT "AccountHolder"."id" AS "AccountHolder_id", "AccountHolder"."created_at" AS "AccountHolder_created_at",
  "AccountHolder"."updated_at" AS "AccountHolder_updated_at",
  "AccountHolder"."deleted_at" AS "AccountHolder_deleted_at",
  "AccountHolder"."provider_id" AS "AccountHolder_provider_id",
  "AccountHolder"."customer_id" AS "AccountHolder_customer_id", "AccountHolder"."email" AS "AccountHolder_email",
  "AccountHolder"."name" AS "AccountHolder_name", "AccountHolder"."phone" AS "AccountHolder_phone",
  "AccountHolder"."external_id" AS "AccountHolder_external_id"
FROM "account_holder" "AccountHolder"
WHERE ( (("AccountHolder"."provider_id" = $1) AND ("AccountHolder"."customer_id" = $2)) )
  AND ( "AccountHolder"."deleted_at" IS NULL )
LIMIT 1;

INSERT INTO "account_holder" AS "AccountHolder"("id", "created_at", "updated_at", "deleted_at", "provider_id",
  "customer_id", "email", "name", "phone", "external_id")
VALUES ($1, DEFAULT, DEFAULT, DEFAULT, $2, $3, $4, $5, $6, DEFAULT)
ON CONFLICT DO NOTHING
RETURNING "created_at", "updated_at", "deleted_at";

UPDATE "account_holder"
SET "external_id" = $1, "name" = $2, "phone" = $3, "updated_at" = CURRENT_TIMESTAMP
WHERE ("id" = $4 AND "external_id" IS NULL);

SELECT "AccountHolder"."id" AS "AccountHolder_id", "AccountHolder"."created_at" AS "AccountHolder_created_at",
  "AccountHolder"."updated_at" AS "AccountHolder_updated_at",
  "AccountHolder"."deleted_at" AS "AccountHolder_deleted_at",
  "AccountHolder"."provider_id" AS "AccountHolder_provider_id",
  "AccountHolder"."customer_id" AS "AccountHolder_customer_id", "AccountHolder"."email" AS "AccountHolder_email",
  "AccountHolder"."name" AS "AccountHolder_name", "AccountHolder"."phone" AS "AccountHolder_phone",
  "AccountHolder"."external_id" AS "AccountHolder_external_id"
FROM "account_holder" "AccountHolder"
WHERE ( (("AccountHolder"."id" = $1)) ) AND ( "AccountHolder"."deleted_at" IS NULL )
LIMIT 1;


-- again

-- No other statements than above.


-- list

SELECT count(*)::int AS count
FROM "account_holder" root
WHERE root.deleted_at IS NULL AND (TRUE AND TRUE);

SELECT CASE WHEN sum(octet_length(row::text)) OVER (ROWS UNBOUNDED PRECEDING) <= 4194304 THEN row END AS row
FROM (
  SELECT json_build_object('id', root."id", 'created_at', root."created_at", 'updated_at', root."updated_at",
    'deleted_at', root."deleted_at", 'provider_id', root."provider_id", 'customer_id', root."customer_id", 'email',
    root."email", 'name', root."name", 'phone', root."phone", 'external_id', root."external_id") AS row
  FROM "account_holder" root
  WHERE root.deleted_at IS NULL AND (TRUE AND TRUE)
  ORDER BY root.id
  LIMIT 1 OFFSET 0
) page;


-- delete

UPDATE "account_holder"
SET "email" = $1, "deleted_at" = $2, "updated_at" = CURRENT_TIMESTAMP
WHERE ("id" = $3 AND "deleted_at" IS NULL);
