-- receive and apply

-- prepared
INSERT INTO webhook_event (id, provider_id, external_id, type, reference, payment_session_id, payload, next_attempt_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, now())
ON CONFLICT (provider_id, external_id) DO NOTHING;

-- prepared
UPDATE webhook_event
SET claim_token = $1::text, claimed_until = now() + $2::float8 * interval '1 millisecond',
  next_attempt_at = now() + $2::float8 * interval '1 millisecond', attempts = attempts + 1, updated_at = now()
WHERE id = ANY(ARRAY(
  SELECT id
  FROM webhook_event
  WHERE state IN ('pending', 'parked') AND (webhook_event.claimed_until IS NULL OR webhook_event.claimed_until <= now())
    AND next_attempt_at <= now() AND provider_id = ANY($3)
  ORDER BY next_attempt_at
  LIMIT $4
  FOR UPDATE SKIP LOCKED
)) AND state IN ('pending', 'parked') AND (webhook_event.claimed_until IS NULL OR webhook_event.claimed_until <= now())
RETURNING id;

-- prepared
SELECT json_build_object('id', event."id", 'created_at', event."created_at", 'updated_at', event."updated_at",
  'provider_id', event."provider_id", 'external_id', event."external_id", 'type', event."type", 'reference',
  event."reference", 'payload', event."payload", 'payment_session_id', event."payment_session_id", 'state',
  event."state", 'attempts', event."attempts", 'next_attempt_at', event."next_attempt_at", 'claim_token',
  event."claim_token", 'claimed_until', event."claimed_until", 'last_error', event."last_error", 'handled_at',
  event."handled_at") AS event, ARRAY(
  SELECT told.id
  FROM webhook_event told
  WHERE told.provider_id = event.provider_id AND told.reference = event.reference AND (told.state IN ('pending',
    'parked') OR told.id = event.id)
) AS told
FROM webhook_event event
WHERE event.id = $1;

-- prepared
SELECT collection.id AS "collectionId", session.provider_id AS "providerId", collection.version, coalesce(payment.data,
  session.data) AS data, coalesce(payment.private_data, session.private_data) AS "privateData", (
  SELECT coalesce(json_agg(json_build_object('id', operation.id, 'kind', operation.kind) ORDER BY operation.id), '[]')
  FROM payment_operation operation
  WHERE operation.payment_collection_id = collection.id AND operation.payment_session_id = session.id
    AND operation.state IN ('pending', 'unknown')
) AS unsettled
FROM payment_session session
JOIN payment_collection collection ON collection.id = session.payment_collection_id
LEFT JOIN payment ON payment.payment_session_id = session.id AND payment.deleted_at IS NULL
WHERE session.id = $1;

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
WHERE collection.id = $1
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
SELECT 1
FROM webhook_event
WHERE id = $1 AND claim_token = $2
FOR SHARE;

-- prepared
WITH waiting AS MATERIALIZED (
  SELECT id, claim_token
  FROM webhook_event
  WHERE id = ANY($1) AND state IN ('pending', 'parked')
  ORDER BY id
  FOR UPDATE
)
UPDATE webhook_event
SET state = $2, payment_session_id = coalesce($3, payment_session_id), payload = NULL, next_attempt_at = NULL,
  claim_token = NULL, claimed_until = NULL, last_error = NULL, handled_at = now(), updated_at = now()
WHERE id IN (
  SELECT id
  FROM waiting
) AND EXISTS (
  SELECT
  FROM waiting
  WHERE id = $4 AND claim_token = $5
);


-- about a payment that was not made here

-- No other statements than above.


-- replay, get and list

SELECT count(*)::int AS count
FROM "webhook_event" root
WHERE (TRUE AND root."state" = $1);

SELECT CASE WHEN sum(octet_length(row::text)) OVER (ROWS UNBOUNDED PRECEDING) <= 4194304 THEN row END AS row
FROM (
  SELECT json_build_object('id', root."id", 'created_at', root."created_at", 'updated_at', root."updated_at",
    'provider_id', root."provider_id", 'external_id', root."external_id", 'type', root."type", 'reference',
    root."reference", 'payment_session_id', root."payment_session_id", 'state', root."state", 'attempts',
    root."attempts", 'next_attempt_at', root."next_attempt_at", 'last_error', root."last_error", 'handled_at',
    root."handled_at") AS row
  FROM "webhook_event" root
  WHERE (TRUE AND root."state" = $1)
  ORDER BY root.id
  LIMIT 1 OFFSET 0
) page;

-- prepared
SELECT CASE WHEN sum(octet_length(row::text)) OVER (ROWS UNBOUNDED PRECEDING) <= 4194304 THEN row END AS row
FROM (
  SELECT json_build_object('id', root."id", 'created_at', root."created_at", 'updated_at', root."updated_at",
    'provider_id', root."provider_id", 'external_id', root."external_id", 'type', root."type", 'reference',
    root."reference", 'payment_session_id', root."payment_session_id", 'state', root."state", 'attempts',
    root."attempts", 'next_attempt_at', root."next_attempt_at", 'last_error', root."last_error", 'handled_at',
    root."handled_at") AS row
  FROM "webhook_event" root
  WHERE (root.id = $1)
  ORDER BY root.id OFFSET 0
) page;

-- prepared
UPDATE webhook_event
SET claim_token = $1::text, claimed_until = now() + $2::float8 * interval '1 millisecond',
  next_attempt_at = now() + $2::float8 * interval '1 millisecond', attempts = 1, state = 'pending', handled_at = NULL,
  updated_at = now()
WHERE id = $3 AND (webhook_event.claimed_until IS NULL OR webhook_event.claimed_until <= now())
RETURNING id;
