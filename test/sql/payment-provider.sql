-- list of a region

SELECT count(*)::int AS count
FROM "payment_provider" root
WHERE (root.id = ANY($1) AND EXISTS (
  SELECT 1
  FROM region_payment_provider link
  WHERE link.region_id = $2 AND link.payment_provider_id = root.id
) AND TRUE);

SELECT CASE WHEN sum(octet_length(row::text)) OVER (ROWS UNBOUNDED PRECEDING) <= 4194304 THEN row END AS row
FROM (
  SELECT json_build_object('id', root."id", 'is_enabled', root."is_enabled") AS row
  FROM "payment_provider" root
  WHERE (root.id = ANY($1) AND EXISTS (
    SELECT 1
    FROM region_payment_provider link
    WHERE link.region_id = $2 AND link.payment_provider_id = root.id
  ) AND TRUE)
  ORDER BY root.id
  LIMIT 20 OFFSET 0
) page;


-- list

SELECT count(*)::int AS count
FROM "payment_provider" root
WHERE (root.id = ANY($1) AND TRUE);

SELECT CASE WHEN sum(octet_length(row::text)) OVER (ROWS UNBOUNDED PRECEDING) <= 4194304 THEN row END AS row
FROM (
  SELECT json_build_object('id', root."id", 'is_enabled', root."is_enabled") AS row
  FROM "payment_provider" root
  WHERE (root.id = ANY($1) AND TRUE)
  ORDER BY root.id
  LIMIT 20 OFFSET 0
) page;


-- enable

UPDATE "payment_provider"
SET "is_enabled" = $1
WHERE "id" = $2;

SELECT "PaymentProvider"."id" AS "PaymentProvider_id", "PaymentProvider"."is_enabled" AS "PaymentProvider_is_enabled"
FROM "payment_provider" "PaymentProvider"
WHERE (("PaymentProvider"."id" = $1))
LIMIT 1;


-- configure a region

SELECT "PaymentProvider"."id" AS "PaymentProvider_id", "PaymentProvider"."is_enabled" AS "PaymentProvider_is_enabled"
FROM "payment_provider" "PaymentProvider"
WHERE (("PaymentProvider"."id" IN ($1, $2, $3, $4, $5, $6, $7)) AND ("PaymentProvider"."is_enabled" = $8));

INSERT INTO "region"("id", "created_at", "updated_at")
VALUES ($1, DEFAULT, DEFAULT)
ON CONFLICT ( "id" ) DO UPDATE SET "updated_at" = EXCLUDED."updated_at";

DELETE FROM "region_payment_provider"
WHERE "region_id" = $1;

INSERT INTO "region_payment_provider"("region_id", "payment_provider_id")
VALUES ($1, $2);


-- get a region

SELECT "Region"."id" AS "Region_id", "Region"."created_at" AS "Region_created_at",
  "Region"."updated_at" AS "Region_updated_at"
FROM "region" "Region"
WHERE (("Region"."id" = $1))
LIMIT 1;

SELECT "RegionPaymentProvider"."region_id" AS "RegionPaymentProvider_region_id",
  "RegionPaymentProvider"."payment_provider_id" AS "RegionPaymentProvider_payment_provider_id"
FROM "region_payment_provider" "RegionPaymentProvider"
WHERE (("RegionPaymentProvider"."region_id" = $1))
ORDER BY "RegionPaymentProvider"."payment_provider_id" ASC;
