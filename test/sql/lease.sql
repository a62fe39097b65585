-- renew

-- prepared
WITH held AS (
  SELECT id
  FROM webhook_event
  WHERE id = ANY($1) AND claim_token = ANY($2)
  ORDER BY id
  FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE webhook_event
SET claimed_until = now() + $3::float8 * interval '1 millisecond'
FROM held
WHERE webhook_event.id = held.id;


-- release at the end of the process

-- prepared
WITH held AS (
  SELECT id
  FROM webhook_event
  WHERE id = ANY($1) AND claim_token = ANY($2)
  ORDER BY id
  FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE webhook_event
SET claim_token = NULL, claimed_until = NULL
FROM held
WHERE webhook_event.id = held.id;
