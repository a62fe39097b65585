-- open

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
  INSERT INTO "payment_session" ("id", "created_at", "updated_at", "deleted_at", "payment_collection_id",
    "provider_id", "currency_code", "amount", "status", "client_data", "data", "private_data", "context",
    "authorized_at", "metadata")
  VALUES ($1::text, $2::timestamptz, $3::timestamptz, $4::timestamptz, $5::text, $6::text, $7::text, $8::bigint,
    $9::text, $10::jsonb, $11::jsonb, $12::jsonb, $13::jsonb, $14::timestamptz, $15::jsonb)
), written_1 AS (
  INSERT INTO "payment_operation" ("id", "created_at", "updated_at", "kind", "payment_collection_id",
    "payment_session_id", "provider_id", "currency_code", "amount", "state", "request", "failure", "last_error",
    "attempts", "next_attempt_at", "claim_token", "claimed_until", "is_stuck", "is_accepted", "created_by",
    "resolved_at")
  VALUES ($16::text, $17::timestamptz, $18::timestamptz, $19::text, $20::text, $21::text, $22::text, $23::text,
    $24::bigint, $25::text, $26::jsonb, $27::jsonb, $28::text, $29::integer, $30::timestamptz, $31::text,
    $32::timestamptz, $33::boolean, $34::boolean, $35::text, $36::timestamptz)
), written_2 AS (
  INSERT INTO "outbox_event" ("id", "name", "aggregate_id", "data")
  VALUES ($37::text, $38::text, $39::text, $40::jsonb)
)
UPDATE "payment_collection"
SET "version" = $41::integer, "updated_at" = $42::timestamptz
WHERE id = $43::text;


-- again with other data

-- prepared
WITH written_0 AS (
  INSERT INTO "payment_operation" ("id", "created_at", "updated_at", "kind", "payment_collection_id",
    "payment_session_id", "provider_id", "currency_code", "amount", "state", "request", "failure", "last_error",
    "attempts", "next_attempt_at", "claim_token", "claimed_until", "is_stuck", "is_accepted", "created_by",
    "resolved_at")
  VALUES ($1::text, $2::timestamptz, $3::timestamptz, $4::text, $5::text, $6::text, $7::text, $8::text, $9::bigint,
    $10::text, $11::jsonb, $12::jsonb, $13::text, $14::integer, $15::timestamptz, $16::text, $17::timestamptz,
    $18::boolean, $19::boolean, $20::text, $21::timestamptz)
), written_1 AS (
  INSERT INTO "outbox_event" ("id", "name", "aggregate_id", "data")
  VALUES ($22::text, $23::text, $24::text, $25::jsonb)
), written_2 AS (
  UPDATE "payment_session"
  SET "amount" = $26::bigint, "currency_code" = $27::text, "client_data" = $28::jsonb, "context" = $29::jsonb,
    "data" = $30::jsonb, "status" = $31::text, "updated_at" = $32::timestamptz
  WHERE id = $33::text
)
UPDATE "payment_collection"
SET "version" = $34::integer, "updated_at" = $35::timestamptz
WHERE id = $36::text;


-- with another provider, over a network

-- prepared
WITH written_0 AS (
  INSERT INTO "payment_operation" ("id", "created_at", "updated_at", "kind", "payment_collection_id",
    "payment_session_id", "provider_id", "currency_code", "amount", "state", "request", "failure", "last_error",
    "attempts", "next_attempt_at", "claim_token", "claimed_until", "is_stuck", "is_accepted", "created_by",
    "resolved_at")
  VALUES ($1::text, $2::timestamptz, $3::timestamptz, $4::text, $5::text, $6::text, $7::text, $8::text, $9::bigint,
    $10::text, $11::jsonb, $12::jsonb, $13::text, $14::integer, $15::timestamptz, $16::text, $17::timestamptz,
    $18::boolean, $19::boolean, $20::text, $21::timestamptz)
), written_1 AS (
  INSERT INTO "outbox_event" ("id", "name", "aggregate_id", "data")
  VALUES ($22::text, $23::text, $24::text, $25::jsonb)
), written_2 AS (
  UPDATE "payment_session"
  SET "deleted_at" = $26::timestamptz, "status" = $27::text, "updated_at" = $28::timestamptz
  WHERE id = $29::text
)
UPDATE "payment_collection"
SET "version" = $30::integer, "updated_at" = $31::timestamptz
WHERE id = $32::text;

-- prepared
WITH written_0 AS (
  INSERT INTO "payment_session" ("id", "created_at", "updated_at", "deleted_at", "payment_collection_id",
    "provider_id", "currency_code", "amount", "status", "client_data", "data", "private_data", "context",
    "authorized_at", "metadata")
  VALUES ($1::text, $2::timestamptz, $3::timestamptz, $4::timestamptz, $5::text, $6::text, $7::text, $8::bigint,
    $9::text, $10::jsonb, $11::jsonb, $12::jsonb, $13::jsonb, $14::timestamptz, $15::jsonb)
), written_1 AS (
  INSERT INTO "payment_operation" ("id", "created_at", "updated_at", "kind", "payment_collection_id",
    "payment_session_id", "provider_id", "currency_code", "amount", "state", "request", "attempts", "next_attempt_at",
    "claim_token", "claimed_until", "is_accepted", "created_by", "resolved_at")
  VALUES ($16::text, $17::timestamptz, $18::timestamptz, $19::text, $20::text, $21::text, $22::text, $23::text,
    $24::bigint, $25::text, $26::jsonb, $27::integer, now() + $28::float8 * interval '1 millisecond', $29::text,
    now() + $30::float8 * interval '1 millisecond', $31::boolean, $32::text, $33::timestamptz)
)
UPDATE "payment_collection"
SET "version" = $34::integer, "updated_at" = $35::timestamptz
WHERE id = $36::text;

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
  VALUES ($1::text, $2::text, $3::text, $4::jsonb)
), written_1 AS (
  UPDATE "payment_session"
  SET "data" = $5::jsonb, "private_data" = $6::jsonb, "status" = $7::text, "updated_at" = $8::timestamptz
  WHERE id = $9::text
), written_2 AS (
  UPDATE "payment_operation"
  SET "claim_token" = $10::text, "claimed_until" = $11::timestamptz, "next_attempt_at" = $12::timestamptz,
    "is_stuck" = $13::boolean, "last_error" = $14::text, "failure" = $15::jsonb, "request" = $16::jsonb,
    "resolved_at" = $17::timestamptz, "state" = $18::text, "updated_at" = $19::timestamptz
  WHERE id = $20::text
)
UPDATE "payment_collection"
SET "version" = $21::integer, "updated_at" = $22::timestamptz
WHERE id = $23::text;

-- prepared
SELECT CASE WHEN sum(octet_length(row::text)) OVER (ROWS UNBOUNDED PRECEDING) <= 4194304 THEN row END AS row
FROM (
  SELECT json_build_object('id', root."id", 'created_at', root."created_at", 'updated_at', root."updated_at",
    'deleted_at', root."deleted_at", 'currency_code', root."currency_code", 'amount', root."amount"::text,
    'authorized_amount', root."authorized_amount"::text, 'captured_amount', root."captured_amount"::text,
    'refunded_amount', root."refunded_amount"::text, 'status', root."status", 'completed_at', root."completed_at",
    'metadata', root."metadata", 'cart_id', root."cart_id", 'order_id', root."order_id", 'region_id', root."region_id",
    'sales_channel_id', root."sales_channel_id", 'marking_paid_at', root."marking_paid_at", 'version', root."version",
    'outstanding_amount', (greatest(0, coalesce((
    SELECT cart.total
    FROM cart
    WHERE cart.id = root.cart_id AND cart.currency_code = root.currency_code
  ), root.amount) - root.authorized_amount + coalesce((
    SELECT sum(surplus.authorized_amount)
    FROM payment surplus
    WHERE surplus.is_surplus AND surplus.payment_collection_id = root.id AND surplus.currency_code = root.currency_code
  ), 0)))::bigint::text, 'payment_providers', (
    SELECT coalesce(json_agg(json_build_object('id', level1."id", 'is_enabled',
      level1."is_enabled") ORDER BY level1.id), '[]')
    FROM "payment_provider" level1
    WHERE level1.is_enabled AND (root.region_id IS NULL OR EXISTS (
      SELECT 1
      FROM region_payment_provider link
      WHERE link.region_id = root.region_id AND link.payment_provider_id = level1.id
    ))
  ), 'payment_sessions', (
    SELECT coalesce(json_agg(json_build_object('id', level1."id", 'created_at', level1."created_at", 'updated_at',
      level1."updated_at", 'deleted_at', level1."deleted_at", 'payment_collection_id', level1."payment_collection_id",
      'provider_id', level1."provider_id", 'currency_code', level1."currency_code", 'amount', level1."amount"::text,
      'status', level1."status", 'data', level1."data", 'context', level1."context", 'authorized_at',
      level1."authorized_at", 'metadata', level1."metadata", 'payment', (
      SELECT json_build_object('id', level2."id", 'created_at', level2."created_at", 'updated_at', level2."updated_at",
        'deleted_at', level2."deleted_at", 'payment_collection_id', level2."payment_collection_id",
        'payment_session_id', level2."payment_session_id", 'provider_id', level2."provider_id", 'currency_code',
        level2."currency_code", 'amount', level2."amount"::text, 'authorized_amount', level2."authorized_amount"::text,
        'captured_amount', level2."captured_amount"::text, 'refunded_amount', level2."refunded_amount"::text, 'data',
        level2."data", 'metadata', level2."metadata", 'captured_at', level2."captured_at", 'canceled_at',
        level2."canceled_at", 'capture_before', level2."capture_before", 'captures', (
        SELECT coalesce(json_agg(json_build_object('id', level3."id", 'created_at', level3."created_at", 'updated_at',
          level3."updated_at", 'payment_id', level3."payment_id", 'amount', level3."amount"::text, 'status',
          level3."status", 'created_by', level3."created_by", 'metadata',
          level3."metadata") ORDER BY level3.created_at, level3.id), '[]')
        FROM "capture" level3
        WHERE level3."payment_id" = level2."id" AND level3.status <> 'superseded'
      ), 'refunds', (
        SELECT coalesce(json_agg(json_build_object('id', level3."id", 'created_at', level3."created_at", 'updated_at',
          level3."updated_at", 'payment_id', level3."payment_id", 'amount', level3."amount"::text, 'status',
          level3."status", 'refund_reason_id', level3."refund_reason_id", 'note', level3."note", 'created_by',
          level3."created_by", 'metadata', level3."metadata", 'refund_reason', (
          SELECT json_build_object('id', level4."id", 'created_at', level4."created_at", 'updated_at',
            level4."updated_at", 'deleted_at', level4."deleted_at", 'label', level4."label", 'code', level4."code",
            'description', level4."description", 'metadata', level4."metadata")
          FROM "refund_reason" level4
          WHERE level3."refund_reason_id" = level4."id"
          LIMIT 1
        )) ORDER BY level3.created_at, level3.id), '[]')
        FROM "refund" level3
        WHERE level3."payment_id" = level2."id" AND level3.status <> 'superseded'
      ))
      FROM "payment" level2
      WHERE level2.deleted_at IS NULL AND level2."payment_session_id" = level1."id"
      LIMIT 1
    )) ORDER BY level1.created_at, level1.id), '[]')
    FROM "payment_session" level1
    WHERE level1.deleted_at IS NULL AND level1."payment_collection_id" = root."id"
  ), 'payments', (
    SELECT coalesce(json_agg(json_build_object('id', level1."id", 'created_at', level1."created_at", 'updated_at',
      level1."updated_at", 'deleted_at', level1."deleted_at", 'payment_collection_id', level1."payment_collection_id",
      'payment_session_id', level1."payment_session_id", 'provider_id', level1."provider_id", 'currency_code',
      level1."currency_code", 'amount', level1."amount"::text, 'authorized_amount', level1."authorized_amount"::text,
      'captured_amount', level1."captured_amount"::text, 'refunded_amount', level1."refunded_amount"::text, 'data',
      level1."data", 'metadata', level1."metadata", 'captured_at', level1."captured_at", 'canceled_at',
      level1."canceled_at", 'capture_before', level1."capture_before", 'captures', (
      SELECT coalesce(json_agg(json_build_object('id', level2."id", 'created_at', level2."created_at", 'updated_at',
        level2."updated_at", 'payment_id', level2."payment_id", 'amount', level2."amount"::text, 'status',
        level2."status", 'created_by', level2."created_by", 'metadata', level2."metadata") ORDER BY level2.created_at,
        level2.id), '[]')
      FROM "capture" level2
      WHERE level2."payment_id" = level1."id" AND level2.status <> 'superseded'
    ), 'refunds', (
      SELECT coalesce(json_agg(json_build_object('id', level2."id", 'created_at', level2."created_at", 'updated_at',
        level2."updated_at", 'payment_id', level2."payment_id", 'amount', level2."amount"::text, 'status',
        level2."status", 'refund_reason_id', level2."refund_reason_id", 'note', level2."note", 'created_by',
        level2."created_by", 'metadata', level2."metadata", 'refund_reason', (
        SELECT json_build_object('id', level3."id", 'created_at', level3."created_at", 'updated_at',
          level3."updated_at", 'deleted_at', level3."deleted_at", 'label', level3."label", 'code', level3."code",
          'description', level3."description", 'metadata', level3."metadata")
        FROM "refund_reason" level3
        WHERE level2."refund_reason_id" = level3."id"
        LIMIT 1
      )) ORDER BY level2.created_at, level2.id), '[]')
      FROM "refund" level2
      WHERE level2."payment_id" = level1."id" AND level2.status <> 'superseded'
    )) ORDER BY level1.created_at, level1.id), '[]')
    FROM "payment" level1
    WHERE level1.deleted_at IS NULL AND level1."payment_collection_id" = root."id"
  )) AS row
  FROM "payment_collection" root
  WHERE root.deleted_at IS NULL AND (root.id = $1)
  ORDER BY root.id OFFSET 0
) page;


-- delete the collection with its session

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
WHERE collection.id = $1 AND collection.deleted_at IS NULL
FOR UPDATE OF collection;

-- prepared
WITH written_0 AS (
  INSERT INTO "payment_operation" ("id", "created_at", "updated_at", "kind", "payment_collection_id",
    "payment_session_id", "provider_id", "currency_code", "amount", "state", "request", "attempts", "next_attempt_at",
    "claim_token", "claimed_until", "is_accepted", "created_by", "resolved_at")
  VALUES ($1::text, $2::timestamptz, $3::timestamptz, $4::text, $5::text, $6::text, $7::text, $8::text, $9::bigint,
    $10::text, $11::jsonb, $12::integer, now() + $13::float8 * interval '1 millisecond', $14::text,
    now() + $15::float8 * interval '1 millisecond', $16::boolean, $17::text, $18::timestamptz)
)
UPDATE "payment_collection"
SET "version" = $19::integer, "updated_at" = $20::timestamptz
WHERE id = $21::text;

-- prepared
WITH written_0 AS (
  INSERT INTO "outbox_event" ("id", "name", "aggregate_id", "data")
  VALUES ($1::text, $2::text, $3::text, $4::jsonb)
), written_1 AS (
  UPDATE "payment_session"
  SET "deleted_at" = $5::timestamptz, "status" = $6::text, "updated_at" = $7::timestamptz
  WHERE id = $8::text
), written_2 AS (
  UPDATE "payment_operation"
  SET "claim_token" = $9::text, "claimed_until" = $10::timestamptz, "next_attempt_at" = $11::timestamptz,
    "is_stuck" = $12::boolean, "last_error" = $13::text, "failure" = $14::jsonb, "request" = $15::jsonb,
    "resolved_at" = $16::timestamptz, "state" = $17::text, "updated_at" = $18::timestamptz
  WHERE id = $19::text
)
UPDATE "payment_collection"
SET "version" = $20::integer, "updated_at" = $21::timestamptz
WHERE id = $22::text;

-- prepared
WITH written_0 AS (
  INSERT INTO "outbox_event" ("id", "name", "aggregate_id", "data")
  VALUES ($1::text, $2::text, $3::text, $4::jsonb)
)
UPDATE "payment_collection"
SET "deleted_at" = $5::timestamptz, "version" = $6::integer, "updated_at" = $7::timestamptz
WHERE id = $8::text;
