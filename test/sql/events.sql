-- read the feed

-- prepared
SELECT (
  SELECT position
  FROM outbox_event
  WHERE id = $1
) AS position, (
  SELECT min(sequence)
  FROM outbox_event
  WHERE position IS NULL
) IS NOT NULL AS has_new;

SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

SELECT pg_advisory_xact_lock($1);

-- prepared
WITH placed AS (
  SELECT id, row_number() OVER (ORDER BY sequence) AS place
  FROM (
    SELECT id, sequence
    FROM outbox_event
    WHERE position IS NULL
    ORDER BY sequence
    LIMIT 1001
  ) unplaced
)
UPDATE outbox_event
SET position = coalesce((
  SELECT max(position)
  FROM outbox_event
), 0) + placed.place
FROM placed
WHERE placed.id = outbox_event.id;

SELECT "OutboxEvent"."id" AS "OutboxEvent_id", "OutboxEvent"."name" AS "OutboxEvent_name",
  "OutboxEvent"."aggregate_id" AS "OutboxEvent_aggregate_id", "OutboxEvent"."data" AS "OutboxEvent_data",
  "OutboxEvent"."sequence" AS "OutboxEvent_sequence", "OutboxEvent"."position" AS "OutboxEvent_position",
  "OutboxEvent"."created_at" AS "OutboxEvent_created_at"
FROM "outbox_event" "OutboxEvent"
WHERE (("OutboxEvent"."position" > $1))
ORDER BY "OutboxEvent"."position" ASC
LIMIT 3;
