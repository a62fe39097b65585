-- put

INSERT INTO "cart"("id", "created_at", "updated_at", "currency_code", "total", "region_id", "email", "customer_id",
  "sales_channel_id", "order_id", "completed_at", "sent_at")
VALUES ($1, DEFAULT, DEFAULT, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp())
ON CONFLICT ( "id" ) DO UPDATE SET "currency_code" = EXCLUDED."currency_code", "total" = EXCLUDED."total",
  "region_id" = EXCLUDED."region_id", "email" = EXCLUDED."email", "customer_id" = EXCLUDED."customer_id",
  "sales_channel_id" = EXCLUDED."sales_channel_id", "order_id" = EXCLUDED."order_id",
  "completed_at" = EXCLUDED."completed_at", "sent_at" = EXCLUDED."sent_at", "updated_at" = DEFAULT
WHERE "cart"."sent_at" <= excluded.sent_at;

SELECT "Cart"."id" AS "Cart_id", "Cart"."created_at" AS "Cart_created_at", "Cart"."updated_at" AS "Cart_updated_at",
  "Cart"."currency_code" AS "Cart_currency_code", "Cart"."total" AS "Cart_total",
  "Cart"."region_id" AS "Cart_region_id", "Cart"."email" AS "Cart_email", "Cart"."customer_id" AS "Cart_customer_id",
  "Cart"."sales_channel_id" AS "Cart_sales_channel_id", "Cart"."order_id" AS "Cart_order_id",
  "Cart"."completed_at" AS "Cart_completed_at", "Cart"."sent_at" AS "Cart_sent_at"
FROM "cart" "Cart"
WHERE (("Cart"."id" = $1))
LIMIT 1;

SELECT "collection"."id" AS "collection_id"
FROM "payment_collection" "collection"
WHERE ( "collection"."cart_id" = $1 AND deleted_at IS NULL AND status <> 'canceled' )
  AND ( "collection"."deleted_at" IS NULL );


-- put, with a collection that follows

-- prepared
WITH cart AS MATERIALIZED (
  SELECT id, currency_code, total::text, region_id, sales_channel_id, customer_id, email, order_id, completed_at
  FROM cart
  WHERE id = (
    SELECT cart_id
    FROM payment_collection
    WHERE id = $1
  )
  FOR UPDATE
)
SELECT json_build_object('id', collection."id", 'created_at', collection."created_at", 'updated_at',
  collection."updated_at", 'deleted_at', collection."deleted_at", 'currency_code', collection."currency_code",
  'amount', collection."amount"::text, 'authorized_amount', collection."authorized_amount"::text, 'captured_amount',
  collection."captured_amount"::text, 'refunded_amount', collection."refunded_amount"::text, 'status',
  collection."status", 'completed_at', collection."completed_at", 'metadata', collection."metadata", 'cart_id',
  collection."cart_id", 'order_id', collection."order_id", 'region_id', collection."region_id", 'sales_channel_id',
  collection."sales_channel_id", 'marking_paid_at', collection."marking_paid_at", 'outgrown_total',
  collection."outgrown_total"::text, 'request_key', collection."request_key", 'version',
  collection."version") AS collection, to_json(cart) AS cart
FROM payment_collection collection
LEFT JOIN cart ON true
WHERE collection.id = $1 AND collection.deleted_at IS NULL
FOR UPDATE OF collection;

-- prepared
SELECT (
  SELECT coalesce(json_agg(json_build_object('id', child."id", 'created_at', child."created_at", 'updated_at',
    child."updated_at", 'deleted_at', child."deleted_at", 'payment_collection_id', child."payment_collection_id",
    'provider_id', child."provider_id", 'currency_code', child."currency_code", 'amount', child."amount"::text,
    'status', child."status", 'client_data', child."client_data", 'data', child."data", 'private_data',
    child."private_data", 'context', child."context", 'authorized_at', child."authorized_at", 'metadata',
    child."metadata") ORDER BY child.created_at, child.id), '[]')
  FROM payment_session child
  WHERE child.payment_collection_id = $1 AND child.deleted_at IS NULL
) AS sessions, (
  SELECT coalesce(json_agg(json_build_object('id', child."id", 'created_at', child."created_at", 'updated_at',
    child."updated_at", 'deleted_at', child."deleted_at", 'payment_collection_id', child."payment_collection_id",
    'payment_session_id', child."payment_session_id", 'provider_id', child."provider_id", 'currency_code',
    child."currency_code", 'amount', child."amount"::text, 'authorized_amount', child."authorized_amount"::text,
    'captured_amount', child."captured_amount"::text, 'refunded_amount', child."refunded_amount"::text, 'data',
    child."data", 'private_data', child."private_data", 'metadata', child."metadata", 'captured_at',
    child."captured_at", 'canceled_at', child."canceled_at", 'capture_before', child."capture_before", 'is_surplus',
    child."is_surplus") ORDER BY child.created_at, child.id), '[]')
  FROM payment child
  WHERE child.payment_collection_id = $1 AND child.deleted_at IS NULL
) AS payments, (
  SELECT coalesce(json_agg(json_build_object('id', child."id", 'created_at', child."created_at", 'updated_at',
    child."updated_at", 'payment_id', child."payment_id", 'amount', child."amount"::text, 'status', child."status",
    'created_by', child."created_by", 'metadata', child."metadata") ORDER BY child.created_at, child.id), '[]')
  FROM capture child
  JOIN payment ON payment.id = child.payment_id
  WHERE payment.payment_collection_id = $1
) AS captures, (
  SELECT coalesce(json_agg(json_build_object('id', child."id", 'created_at', child."created_at", 'updated_at',
    child."updated_at", 'payment_id', child."payment_id", 'amount', child."amount"::text, 'status', child."status",
    'external_id', child."external_id", 'refund_reason_id', child."refund_reason_id", 'note', child."note",
    'created_by', child."created_by", 'metadata', child."metadata") ORDER BY child.created_at, child.id), '[]')
  FROM refund child
  JOIN payment ON payment.id = child.payment_id
  WHERE payment.payment_collection_id = $1
) AS refunds, (
  SELECT coalesce(json_agg(json_build_object('id', child."id", 'created_at', child."created_at", 'updated_at',
    child."updated_at", 'kind', child."kind", 'payment_collection_id', child."payment_collection_id",
    'payment_session_id', child."payment_session_id", 'payment_id', child."payment_id", 'capture_id',
    child."capture_id", 'refund_id', child."refund_id", 'provider_id', child."provider_id", 'currency_code',
    child."currency_code", 'amount', child."amount"::text, 'state', child."state", 'request', child."request",
    'failure', child."failure", 'last_error', child."last_error", 'attempts', child."attempts", 'next_attempt_at',
    child."next_attempt_at", 'claim_token', child."claim_token", 'claimed_until', child."claimed_until", 'is_stuck',
    child."is_stuck", 'is_accepted', child."is_accepted", 'request_key', child."request_key", 'created_by',
    child."created_by", 'resolved_at', child."resolved_at") ORDER BY child.created_at, child.id), '[]')
  FROM payment_operation child
  WHERE child.payment_collection_id = $1 AND child.state IN ('pending', 'unknown')
) AS operations, (
  SELECT coalesce(json_agg(provider.id ORDER BY provider.id), '[]')
  FROM payment_provider provider
  WHERE provider.is_enabled
) AS provider_ids, (
  SELECT coalesce(json_agg(provider.id ORDER BY provider.id), '[]')
  FROM payment_provider provider
  JOIN region_payment_provider link ON link.payment_provider_id = provider.id
  WHERE provider.is_enabled AND link.region_id = $2
) AS target_provider_ids, (
  SELECT coalesce(json_agg(provider.id ORDER BY provider.id), '[]')
  FROM payment_provider provider
  JOIN region_payment_provider link ON link.payment_provider_id = provider.id
  WHERE provider.is_enabled AND link.region_id = $3
) AS region_provider_ids, (
  SELECT json_build_object('total', total::text, 'currency_code', currency_code, 'completed_at', completed_at)
  FROM cart
  WHERE id = $4
) AS price;

-- prepared
WITH written_0 AS (
  INSERT INTO "outbox_event" ("id", "name", "aggregate_id", "data")
  VALUES ($1::text, $2::text, $3::text, $4::jsonb)
)
UPDATE "payment_collection"
SET "amount" = $5::bigint, "currency_code" = $6::text, "region_id" = $7::text, "sales_channel_id" = $8::text,
  "version" = $9::integer, "updated_at" = $10::timestamptz
WHERE id = $11::text;


-- get

-- No other statements than above.
