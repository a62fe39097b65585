-- the first time

-- prepared
WITH seen AS (
  SELECT cart.completed_at, collection.id AS collection_id, collection.version, collection.id IS NOT NULL
    AND cart.completed_at IS NULL AND (collection.authorized_amount = 0 AND collection.status IN ('not_paid',
    'awaiting', 'failed') AND (collection.amount, collection.currency_code, collection.region_id,
    collection.sales_channel_id) IS DISTINCT FROM (cart.total, cart.currency_code, cart.region_id,
    cart.sales_channel_id) OR (collection.status = 'completed' AND collection.amount = 0
    AND cart.total > 0)) AS is_outdated, collection.id IS NOT NULL AND (EXISTS (
    SELECT 1
    FROM payment_session session
    WHERE session.payment_collection_id = collection.id AND session.deleted_at IS NULL
      AND session.status IN ('pending', 'requires_more', 'pending_authorization', 'error')
  ) OR EXISTS (
    SELECT 1
    FROM payment_operation operation
    WHERE operation.payment_collection_id = collection.id AND operation.state IN ('pending', 'unknown')
  )) AS has_session, collection.id IS NOT NULL AND ((cart.completed_at IS NULL AND EXISTS (
    SELECT 1
    FROM payment_session session
    WHERE session.payment_collection_id = collection.id AND session.deleted_at IS NULL
      AND session.status IN ('pending', 'requires_more', 'pending_authorization', 'error')
      AND (session.context->'customer'->>'id' IS DISTINCT FROM cart.customer_id OR NOT EXISTS (
      SELECT 1
      FROM payment_provider provider
      WHERE provider.id = session.provider_id AND provider.is_enabled
        AND (CASE WHEN collection.authorized_amount = 0 THEN cart.region_id ELSE collection.region_id END IS NULL OR EXISTS (
        SELECT 1
        FROM region_payment_provider link
        WHERE link.region_id = CASE WHEN collection.authorized_amount = 0 THEN cart.region_id ELSE collection.region_id END
          AND link.payment_provider_id = provider.id
      ))
    ))
  )) OR (cart.order_id IS NOT NULL
    AND collection.order_id IS DISTINCT FROM cart.order_id) OR (collection.authorized_amount > 0
    AND collection.currency_code = cart.currency_code AND ( (cart.completed_at IS NULL
    AND cart.total > greatest(collection.amount, collection.authorized_amount)
    AND collection.outgrown_total IS DISTINCT FROM cart.total) OR (collection.outgrown_total IS NOT NULL
    AND cart.total <= collection.amount) OR (collection.status IN ('partially_authorized', 'partially_captured')
    AND collection.amount > greatest(cart.total,
    collection.authorized_amount)) OR (collection.status IN ('partially_authorized', 'partially_captured')
    AND collection.amount < cart.total AND (EXISTS (
    SELECT 1
    FROM payment_session session
    WHERE session.payment_collection_id = collection.id AND session.deleted_at IS NULL
      AND session.status IN ('pending', 'requires_more', 'pending_authorization', 'error')
  ) OR EXISTS (
    SELECT 1
    FROM payment_operation operation
    WHERE operation.payment_collection_id = collection.id AND operation.state IN ('pending', 'unknown')
  )))))) AS needs_lock
  FROM cart
  LEFT JOIN payment_collection collection ON collection.cart_id = cart.id AND collection.deleted_at IS NULL
    AND collection.status <> 'canceled'
  WHERE cart.id = $1 AND ($2::text[] IS NULL OR (coalesce(cart.sales_channel_id,
    '') = '' OR cart.sales_channel_id = ANY($2::text[])))
), locked AS (
  SELECT cart.*
  FROM cart
  WHERE cart.id = $1 AND ($2::text[] IS NULL OR (coalesce(cart.sales_channel_id,
    '') = '' OR cart.sales_channel_id = ANY($2::text[]))) AND cart.completed_at IS NULL AND (
    SELECT collection_id IS NULL OR (is_outdated AND NOT has_session)
    FROM seen
  )
  FOR UPDATE
), written AS (
  INSERT INTO payment_collection (id, cart_id, order_id, amount, currency_code, region_id, sales_channel_id)
  SELECT $3, locked.id, locked.order_id, locked.total, locked.currency_code, locked.region_id, locked.sales_channel_id
  FROM locked
  ON CONFLICT (cart_id)
  WHERE deleted_at IS NULL AND status <> 'canceled' DO UPDATE SET amount = excluded.amount,
    currency_code = excluded.currency_code, region_id = excluded.region_id,
    sales_channel_id = excluded.sales_channel_id, order_id = coalesce(excluded.order_id, payment_collection.order_id),
    outgrown_total = NULL, updated_at = now(), version = payment_collection.version + 1
  WHERE payment_collection.authorized_amount = 0 AND payment_collection.status IN ('not_paid', 'awaiting', 'failed')
    AND (payment_collection.amount, payment_collection.currency_code, payment_collection.region_id,
    payment_collection.sales_channel_id) IS DISTINCT FROM (excluded.amount, excluded.currency_code, excluded.region_id,
    excluded.sales_channel_id) AND payment_collection.version = (
    SELECT version
    FROM seen
  )
  RETURNING *
), event AS (
  INSERT INTO outbox_event (id, name, aggregate_id, data)
  SELECT $4, CASE WHEN written.id = $3 THEN 'payment_collection.created' ELSE 'payment_collection.updated' END,
    written.id, jsonb_build_object('id', written.id, 'cart_id', written.cart_id, 'order_id', written.order_id,
    'status', written.status, 'currency_code', written.currency_code, 'amount', written.amount::text,
    'authorized_amount', written.authorized_amount::text, 'captured_amount', written.captured_amount::text,
    'refunded_amount', written.refunded_amount::text)
  FROM written
)
SELECT seen.collection_id, seen.completed_at IS NOT NULL AS completed, written.id AS written_id,
  (seen.is_outdated OR seen.needs_lock) AND written.id IS NULL AS is_behind,
  CASE WHEN written.id = $3 THEN json_build_object('id', written."id", 'created_at', written."created_at",
  'updated_at', written."updated_at", 'deleted_at', written."deleted_at", 'currency_code', written."currency_code",
  'amount', written."amount"::text, 'authorized_amount', written."authorized_amount"::text, 'captured_amount',
  written."captured_amount"::text, 'refunded_amount', written."refunded_amount"::text, 'status', written."status",
  'completed_at', written."completed_at", 'metadata', written."metadata", 'cart_id', written."cart_id", 'order_id',
  written."order_id", 'region_id', written."region_id", 'sales_channel_id', written."sales_channel_id",
  'marking_paid_at', written."marking_paid_at", 'version', written."version", 'payment_providers', (
  SELECT coalesce(json_agg(json_build_object('id', level1."id", 'is_enabled', level1."is_enabled") ORDER BY level1.id),
    '[]')
  FROM "payment_provider" level1
  WHERE level1.is_enabled AND (written.region_id IS NULL OR EXISTS (
    SELECT 1
    FROM region_payment_provider link
    WHERE link.region_id = written.region_id AND link.payment_provider_id = level1.id
  ))
)) END AS created
FROM seen
LEFT JOIN written ON true;


-- again: the same collection

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


-- for an order

-- prepared
WITH written_0 AS (
  INSERT INTO "payment_collection" ("id", "created_at", "updated_at", "currency_code", "amount", "authorized_amount",
    "captured_amount", "refunded_amount", "status", "cart_id", "order_id", "request_key")
  VALUES ($1::text, $2::timestamptz, $3::timestamptz, $4::text, $5::bigint, $6::bigint, $7::bigint, $8::bigint,
    $9::text, $10::text, $11::text, $12::text)
)
INSERT INTO "outbox_event" ("id", "name", "aggregate_id", "data")
VALUES ($13::text, $14::text, $15::text, $16::jsonb);

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


-- for an order that has a collection

-- prepared
SELECT currency_code
FROM payment_collection
WHERE order_id = $1 AND deleted_at IS NULL
ORDER BY status = 'canceled', created_at DESC, id DESC
LIMIT 1;
