-- without a network

-- prepared
SELECT json_build_object('id', collection."id", 'created_at', collection."created_at", 'updated_at',
  collection."updated_at", 'deleted_at', collection."deleted_at", 'currency_code', collection."currency_code",
  'amount', collection."amount"::text, 'authorized_amount', collection."authorized_amount"::text, 'captured_amount',
  collection."captured_amount"::text, 'refunded_amount', collection."refunded_amount"::text, 'status',
  collection."status", 'completed_at', collection."completed_at", 'metadata', collection."metadata", 'cart_id',
  collection."cart_id", 'order_id', collection."order_id", 'region_id', collection."region_id", 'sales_channel_id',
  collection."sales_channel_id", 'marking_paid_at', collection."marking_paid_at", 'outgrown_total',
  collection."outgrown_total"::text, 'request_key', collection."request_key", 'version',
  collection."version") AS collection
FROM payment_collection collection
WHERE collection.id = (
  SELECT payment_collection_id
  FROM payment
  WHERE id = $1
)
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
  INSERT INTO "capture" ("id", "created_at", "updated_at", "payment_id", "amount", "status", "created_by")
  VALUES ($1::text, $2::timestamptz, $3::timestamptz, $4::text, $5::bigint, $6::text, $7::text)
), written_1 AS (
  INSERT INTO "payment_operation" ("id", "created_at", "updated_at", "kind", "payment_collection_id",
    "payment_session_id", "payment_id", "capture_id", "provider_id", "currency_code", "amount", "state", "request",
    "failure", "last_error", "attempts", "next_attempt_at", "claim_token", "claimed_until", "is_stuck", "is_accepted",
    "request_key", "created_by", "resolved_at")
  VALUES ($8::text, $9::timestamptz, $10::timestamptz, $11::text, $12::text, $13::text, $14::text, $15::text,
    $16::text, $17::text, $18::bigint, $19::text, $20::jsonb, $21::jsonb, $22::text, $23::integer, $24::timestamptz,
    $25::text, $26::timestamptz, $27::boolean, $28::boolean, $29::text, $30::text, $31::timestamptz)
), written_2 AS (
  INSERT INTO "outbox_event" ("id", "name", "aggregate_id", "data")
  VALUES ($32::text, $33::text, $34::text, $35::jsonb), ($36::text, $37::text, $38::text, $39::jsonb)
), written_3 AS (
  UPDATE "payment"
  SET "updated_at" = $40::timestamptz, "captured_amount" = $41::bigint, "refunded_amount" = $42::bigint,
    "authorized_amount" = $43::bigint, "captured_at" = $44::timestamptz
  WHERE id = $45::text
)
UPDATE "payment_collection"
SET "authorized_amount" = $46::bigint, "captured_amount" = $47::bigint, "refunded_amount" = $48::bigint,
  "status" = $49::text, "completed_at" = $50::timestamptz, "version" = $51::integer, "updated_at" = $52::timestamptz
WHERE id = $53::text;

-- prepared
SELECT CASE WHEN sum(octet_length(row::text)) OVER (ROWS UNBOUNDED PRECEDING) <= 4194304 THEN row END AS row
FROM (
  SELECT json_build_object('id', root."id", 'created_at', root."created_at", 'updated_at', root."updated_at",
    'deleted_at', root."deleted_at", 'payment_collection_id', root."payment_collection_id", 'payment_session_id',
    root."payment_session_id", 'provider_id', root."provider_id", 'currency_code', root."currency_code", 'amount',
    root."amount"::text, 'authorized_amount', root."authorized_amount"::text, 'captured_amount',
    root."captured_amount"::text, 'refunded_amount', root."refunded_amount"::text, 'captured_at', root."captured_at",
    'canceled_at', root."canceled_at", 'capture_before', root."capture_before", 'captures', (
    SELECT coalesce(json_agg(json_build_object('id', level1."id", 'created_at', level1."created_at", 'updated_at',
      level1."updated_at", 'payment_id', level1."payment_id", 'amount', level1."amount"::text, 'status',
      level1."status", 'created_by', level1."created_by") ORDER BY level1.created_at, level1.id), '[]')
    FROM "capture" level1
    WHERE level1."payment_id" = root."id" AND level1.status <> 'superseded'
  ), 'refunds', (
    SELECT coalesce(json_agg(json_build_object('id', level1."id", 'created_at', level1."created_at", 'updated_at',
      level1."updated_at", 'payment_id', level1."payment_id", 'amount', level1."amount"::text, 'status',
      level1."status", 'refund_reason_id', level1."refund_reason_id", 'note', level1."note", 'created_by',
      level1."created_by", 'refund_reason', (
      SELECT json_build_object('id', level2."id", 'created_at', level2."created_at", 'updated_at', level2."updated_at",
        'deleted_at', level2."deleted_at", 'label', level2."label", 'code', level2."code", 'description',
        level2."description")
      FROM "refund_reason" level2
      WHERE level1."refund_reason_id" = level2."id"
      LIMIT 1
    )) ORDER BY level1.created_at, level1.id), '[]')
    FROM "refund" level1
    WHERE level1."payment_id" = root."id" AND level1.status <> 'superseded'
  )) AS row
  FROM "payment" root
  WHERE root.deleted_at IS NULL AND (root.id = $1)
  ORDER BY root.id OFFSET 0
) page;


-- over a network

-- prepared
WITH written_0 AS (
  INSERT INTO "capture" ("id", "created_at", "updated_at", "payment_id", "amount", "status", "created_by")
  VALUES ($1::text, $2::timestamptz, $3::timestamptz, $4::text, $5::bigint, $6::text, $7::text)
), written_1 AS (
  INSERT INTO "payment_operation" ("id", "created_at", "updated_at", "kind", "payment_collection_id",
    "payment_session_id", "payment_id", "capture_id", "provider_id", "currency_code", "amount", "state", "request",
    "attempts", "next_attempt_at", "claim_token", "claimed_until", "is_accepted", "request_key", "created_by",
    "resolved_at")
  VALUES ($8::text, $9::timestamptz, $10::timestamptz, $11::text, $12::text, $13::text, $14::text, $15::text,
    $16::text, $17::text, $18::bigint, $19::text, $20::jsonb, $21::integer,
    now() + $22::float8 * interval '1 millisecond', $23::text, now() + $24::float8 * interval '1 millisecond',
    $25::boolean, $26::text, $27::text, $28::timestamptz)
)
UPDATE "payment_collection"
SET "version" = $29::integer, "updated_at" = $30::timestamptz
WHERE id = $31::text;

-- prepared
SELECT json_build_object('id', collection."id", 'created_at', collection."created_at", 'updated_at',
  collection."updated_at", 'deleted_at', collection."deleted_at", 'currency_code', collection."currency_code",
  'amount', collection."amount"::text, 'authorized_amount', collection."authorized_amount"::text, 'captured_amount',
  collection."captured_amount"::text, 'refunded_amount', collection."refunded_amount"::text, 'status',
  collection."status", 'completed_at', collection."completed_at", 'metadata', collection."metadata", 'cart_id',
  collection."cart_id", 'order_id', collection."order_id", 'region_id', collection."region_id", 'sales_channel_id',
  collection."sales_channel_id", 'marking_paid_at', collection."marking_paid_at", 'outgrown_total',
  collection."outgrown_total"::text, 'request_key', collection."request_key", 'version',
  collection."version") AS collection
FROM payment_collection collection
CROSS JOIN payment_operation operation
WHERE operation.id = $1 AND collection.id = operation.payment_collection_id
FOR UPDATE OF collection, operation;

-- prepared
WITH written_0 AS (
  INSERT INTO "outbox_event" ("id", "name", "aggregate_id", "data")
  VALUES ($1::text, $2::text, $3::text, $4::jsonb), ($5::text, $6::text, $7::text, $8::jsonb)
), written_1 AS (
  UPDATE "capture"
  SET "status" = $9::text, "amount" = $10::bigint, "updated_at" = $11::timestamptz
  WHERE id = $12::text
), written_2 AS (
  UPDATE "payment"
  SET "updated_at" = $13::timestamptz, "captured_amount" = $14::bigint, "refunded_amount" = $15::bigint,
    "authorized_amount" = $16::bigint, "captured_at" = $17::timestamptz
  WHERE id = $18::text
), written_3 AS (
  UPDATE "payment_operation"
  SET "claim_token" = $19::text, "claimed_until" = $20::timestamptz, "next_attempt_at" = $21::timestamptz,
    "is_stuck" = $22::boolean, "last_error" = $23::text, "failure" = $24::jsonb, "request" = $25::jsonb,
    "resolved_at" = $26::timestamptz, "state" = $27::text, "updated_at" = $28::timestamptz
  WHERE id = $29::text
)
UPDATE "payment_collection"
SET "authorized_amount" = $30::bigint, "captured_amount" = $31::bigint, "refunded_amount" = $32::bigint,
  "status" = $33::text, "completed_at" = $34::timestamptz, "version" = $35::integer, "updated_at" = $36::timestamptz
WHERE id = $37::text;
