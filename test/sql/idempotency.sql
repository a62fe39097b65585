-- a request with a key

-- prepared
WITH removed AS (
  DELETE FROM idempotency_key
  WHERE id = ANY(ARRAY(
    SELECT id
    FROM idempotency_key
    WHERE expires_at <= now() AND (scope, key) <> ($2::text, $3::text)
    ORDER BY expires_at
    LIMIT 10
    FOR UPDATE SKIP LOCKED
  ))
)
INSERT INTO idempotency_key AS known (id, scope, key, request_hash, claim_token, claimed_until, expires_at)
VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, now() + $6::float8 * interval '1 millisecond',
  now() + interval '24 hours')
ON CONFLICT (scope, key) DO UPDATE SET id = CASE WHEN known.expires_at <= now() THEN excluded.id ELSE known.id END,
  created_at = CASE WHEN known.expires_at <= now() THEN excluded.created_at ELSE known.created_at END,
  request_hash = excluded.request_hash, response = NULL, claim_token = $5::text,
  claimed_until = now() + $6::float8 * interval '1 millisecond', expires_at = excluded.expires_at
WHERE known.expires_at <= now() OR known.request_hash = excluded.request_hash AND known.response IS NULL
  AND (known.claimed_until IS NULL OR known.claimed_until <= now())
RETURNING id;

-- prepared
UPDATE idempotency_key
SET response = $3::json, claim_token = NULL, claimed_until = NULL
WHERE id = $1 AND claim_token = $2;


-- its repeat

-- prepared
SELECT request_hash, response
FROM idempotency_key
WHERE scope = $1 AND key = $2;


-- a refusal that is kept

-- No other statements than above.
