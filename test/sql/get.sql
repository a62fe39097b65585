-- of the store, with the default fields

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


-- of the store, with chosen fields

SELECT CASE WHEN sum(octet_length(row::text)) OVER (ROWS UNBOUNDED PRECEDING) <= 4194304 THEN row END AS row
FROM (
  SELECT json_build_object('id', root."id", 'created_at', root."created_at", 'updated_at', root."updated_at",
    'deleted_at', root."deleted_at", 'currency_code', root."currency_code", 'amount', root."amount"::text,
    'authorized_amount', root."authorized_amount"::text, 'captured_amount', root."captured_amount"::text,
    'refunded_amount', root."refunded_amount"::text, 'status', root."status", 'completed_at', root."completed_at",
    'cart_id', root."cart_id", 'order_id', root."order_id", 'region_id', root."region_id", 'sales_channel_id',
    root."sales_channel_id", 'marking_paid_at', root."marking_paid_at", 'version', root."version", 'payment_sessions', (
    SELECT coalesce(json_agg(json_build_object('id', level1."id", 'created_at', level1."created_at", 'updated_at',
      level1."updated_at", 'deleted_at', level1."deleted_at", 'payment_collection_id', level1."payment_collection_id",
      'provider_id', level1."provider_id", 'currency_code', level1."currency_code", 'amount', level1."amount"::text,
      'status', level1."status", 'authorized_at', level1."authorized_at", 'payment', (
      SELECT json_build_object('id', level2."id", 'created_at', level2."created_at", 'updated_at', level2."updated_at",
        'deleted_at', level2."deleted_at", 'payment_collection_id', level2."payment_collection_id",
        'payment_session_id', level2."payment_session_id", 'provider_id', level2."provider_id", 'currency_code',
        level2."currency_code", 'amount', level2."amount"::text, 'authorized_amount', level2."authorized_amount"::text,
        'captured_amount', level2."captured_amount"::text, 'refunded_amount', level2."refunded_amount"::text,
        'captured_at', level2."captured_at", 'canceled_at', level2."canceled_at", 'capture_before',
        level2."capture_before", 'captures', (
        SELECT coalesce(json_agg(json_build_object('id', level3."id", 'created_at', level3."created_at", 'updated_at',
          level3."updated_at", 'payment_id', level3."payment_id", 'amount', level3."amount"::text, 'status',
          level3."status", 'created_by', level3."created_by") ORDER BY level3.created_at, level3.id), '[]')
        FROM "capture" level3
        WHERE level3."payment_id" = level2."id" AND level3.status <> 'superseded'
      ))
      FROM "payment" level2
      WHERE level2.deleted_at IS NULL AND level2."payment_session_id" = level1."id"
      LIMIT 1
    )) ORDER BY level1.created_at, level1.id), '[]')
    FROM "payment_session" level1
    WHERE level1.deleted_at IS NULL AND level1."payment_collection_id" = root."id"
  )) AS row
  FROM "payment_collection" root
  WHERE root.deleted_at IS NULL AND (root.id = $1)
  ORDER BY root.id OFFSET 0
) page;


-- of an operator

-- prepared
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
  WHERE root.deleted_at IS NULL AND (root.id = $1)
  ORDER BY root.id OFFSET 0
) page;
