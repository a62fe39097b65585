-- operations that are due

-- prepared
UPDATE payment_operation
SET claim_token = $1::text, claimed_until = now() + $2::float8 * interval '1 millisecond',
  next_attempt_at = now() + $2::float8 * interval '1 millisecond', attempts = attempts + 1, updated_at = now()
WHERE id = ANY(ARRAY(
  SELECT id
  FROM payment_operation
  WHERE state IN ('pending', 'unknown')
    AND (payment_operation.claimed_until IS NULL OR payment_operation.claimed_until <= now())
    AND next_attempt_at <= now() AND provider_id = ANY($3)
  ORDER BY next_attempt_at
  LIMIT $4
  FOR UPDATE SKIP LOCKED
)) AND state IN ('pending', 'unknown')
  AND (payment_operation.claimed_until IS NULL OR payment_operation.claimed_until <= now())
RETURNING id;


-- webhook events that are due

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
