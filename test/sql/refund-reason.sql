-- create

INSERT INTO "refund_reason"("id", "created_at", "updated_at", "deleted_at", "label", "code", "description", "metadata")
VALUES ($1, DEFAULT, DEFAULT, DEFAULT, $2, $3, $4, DEFAULT)
RETURNING "created_at", "updated_at", "deleted_at";

SELECT "RefundReason"."id" AS "RefundReason_id", "RefundReason"."created_at" AS "RefundReason_created_at",
  "RefundReason"."updated_at" AS "RefundReason_updated_at", "RefundReason"."deleted_at" AS "RefundReason_deleted_at",
  "RefundReason"."label" AS "RefundReason_label", "RefundReason"."code" AS "RefundReason_code",
  "RefundReason"."description" AS "RefundReason_description", "RefundReason"."metadata" AS "RefundReason_metadata"
FROM "refund_reason" "RefundReason"
WHERE ( (("RefundReason"."id" = $1)) ) AND ( "RefundReason"."deleted_at" IS NULL )
LIMIT 1;


-- list

SELECT count(*)::int AS count
FROM "refund_reason" root
WHERE root.deleted_at IS NULL AND (TRUE AND TRUE);

SELECT CASE WHEN sum(octet_length(row::text)) OVER (ROWS UNBOUNDED PRECEDING) <= 4194304 THEN row END AS row
FROM (
  SELECT json_build_object('id', root."id", 'created_at', root."created_at", 'updated_at', root."updated_at",
    'deleted_at', root."deleted_at", 'label', root."label", 'code', root."code", 'description',
    root."description") AS row
  FROM "refund_reason" root
  WHERE root.deleted_at IS NULL AND (TRUE AND TRUE)
  ORDER BY root.id
  LIMIT 1 OFFSET 0
) page;


-- change

UPDATE "refund_reason"
SET "label" = $1, "code" = $2, "updated_at" = $3
WHERE ("id" = $4 AND "deleted_at" IS NULL);


-- delete

UPDATE "refund_reason"
SET "deleted_at" = CURRENT_TIMESTAMP, "updated_at" = CURRENT_TIMESTAMP
WHERE ("id" = $1 AND "deleted_at" IS NULL) AND "deleted_at" IS NULL;
