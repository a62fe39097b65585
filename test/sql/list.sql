-- payment collections

SELECT count(*)::int AS count
FROM "payment_collection" root
WHERE root.deleted_at IS NULL AND (TRUE AND TRUE);

SELECT CASE WHEN sum(octet_length(row::text)) OVER (ROWS UNBOUNDED PRECEDING) <= 4194304 THEN row END AS row
FROM (
  SELECT json_build_object('id', root."id", 'created_at', root."created_at", 'updated_at', root."updated_at",
    'deleted_at', root."deleted_at", 'currency_code', root."currency_code", 'amount', root."amount"::text,
    'authorized_amount', root."authorized_amount"::text, 'captured_amount', root."captured_amount"::text,
    'refunded_amount', root."refunded_amount"::text, 'status', root."status", 'completed_at', root."completed_at",
    'cart_id', root."cart_id", 'order_id', root."order_id", 'region_id', root."region_id", 'sales_channel_id',
    root."sales_channel_id", 'marking_paid_at', root."marking_paid_at", 'version', root."version",
    'outstanding_amount', (greatest(0, coalesce((
    SELECT cart.total
    FROM cart
    WHERE cart.id = root.cart_id AND cart.currency_code = root.currency_code
  ), root.amount) - root.authorized_amount + coalesce((
    SELECT sum(surplus.authorized_amount)
    FROM payment surplus
    WHERE surplus.is_surplus AND surplus.payment_collection_id = root.id AND surplus.currency_code = root.currency_code
  ), 0)))::bigint::text, 'payment_sessions', (
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
        level2."canceled_at", 'capture_before', level2."capture_before")
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
      level1."canceled_at", 'capture_before', level1."capture_before") ORDER BY level1.created_at, level1.id), '[]')
    FROM "payment" level1
    WHERE level1.deleted_at IS NULL AND level1."payment_collection_id" = root."id"
  )) AS row
  FROM "payment_collection" root
  WHERE root.deleted_at IS NULL AND (TRUE AND TRUE)
  ORDER BY root.id
  LIMIT 1 OFFSET 0
) page;


-- payments

SELECT count(*)::int AS count
FROM "payment" root
WHERE root.deleted_at IS NULL AND (TRUE AND TRUE);

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
  WHERE root.deleted_at IS NULL AND (TRUE AND TRUE)
  ORDER BY root.id
  LIMIT 1 OFFSET 0
) page;


-- payments, filtered and ordered

SELECT count(*)::int AS count
FROM "payment" root
WHERE root.deleted_at IS NULL AND (TRUE AND root."payment_session_id" IS DISTINCT FROM $1);

SELECT CASE WHEN sum(octet_length(row::text)) OVER (ROWS UNBOUNDED PRECEDING) <= 4194304 THEN row END AS row
FROM (
  SELECT json_build_object('id', root."id", 'created_at', root."created_at", 'updated_at', root."updated_at",
    'deleted_at', root."deleted_at", 'payment_collection_id', root."payment_collection_id", 'payment_session_id',
    root."payment_session_id", 'provider_id', root."provider_id", 'currency_code', root."currency_code", 'amount',
    root."amount"::text, 'authorized_amount', root."authorized_amount"::text, 'captured_amount',
    root."captured_amount"::text, 'refunded_amount', root."refunded_amount"::text, 'captured_at', root."captured_at",
    'canceled_at', root."canceled_at", 'capture_before', root."capture_before", 'disputes', (
    SELECT coalesce(json_agg(json_build_object('id', level1."id", 'created_at', level1."created_at", 'updated_at',
      level1."updated_at", 'payment_id', level1."payment_id", 'external_id', level1."external_id", 'amount',
      level1."amount"::text, 'currency_code', level1."currency_code", 'status', level1."status", 'reason',
      level1."reason", 'opened_at', level1."opened_at") ORDER BY level1.created_at, level1.id), '[]')
    FROM "dispute" level1
    WHERE level1."payment_id" = root."id"
  )) AS row
  FROM "payment" root
  WHERE root.deleted_at IS NULL AND (TRUE AND root."payment_session_id" IS DISTINCT FROM $1)
  ORDER BY root."created_at" DESC, root.id
  LIMIT 1 OFFSET 0
) page;


-- operations

SELECT count(*)::int AS count
FROM "payment_operation" root
WHERE (TRUE AND TRUE);

SELECT CASE WHEN sum(octet_length(row::text)) OVER (ROWS UNBOUNDED PRECEDING) <= 4194304 THEN row END AS row
FROM (
  SELECT json_build_object('id', root."id", 'created_at', root."created_at", 'updated_at', root."updated_at", 'kind',
    root."kind", 'payment_collection_id', root."payment_collection_id", 'payment_session_id',
    root."payment_session_id", 'payment_id', root."payment_id", 'capture_id', root."capture_id", 'refund_id',
    root."refund_id", 'provider_id', root."provider_id", 'currency_code', root."currency_code", 'amount',
    root."amount"::text, 'state', root."state", 'last_error', root."last_error", 'attempts', root."attempts",
    'next_attempt_at', root."next_attempt_at", 'is_stuck', root."is_stuck", 'is_accepted', root."is_accepted",
    'created_by', root."created_by", 'resolved_at', root."resolved_at") AS row
  FROM "payment_operation" root
  WHERE (TRUE AND TRUE)
  ORDER BY root.id
  LIMIT 1 OFFSET 0
) page;


-- webhook events

SELECT count(*)::int AS count
FROM "webhook_event" root
WHERE (TRUE AND TRUE);

SELECT CASE WHEN sum(octet_length(row::text)) OVER (ROWS UNBOUNDED PRECEDING) <= 4194304 THEN row END AS row
FROM (
  SELECT json_build_object('id', root."id", 'created_at', root."created_at", 'updated_at', root."updated_at",
    'provider_id', root."provider_id", 'external_id', root."external_id", 'type', root."type", 'reference',
    root."reference", 'payment_session_id', root."payment_session_id", 'state', root."state", 'attempts',
    root."attempts", 'next_attempt_at', root."next_attempt_at", 'last_error', root."last_error", 'handled_at',
    root."handled_at") AS row
  FROM "webhook_event" root
  WHERE (TRUE AND TRUE)
  ORDER BY root.id
  LIMIT 1 OFFSET 0
) page;
