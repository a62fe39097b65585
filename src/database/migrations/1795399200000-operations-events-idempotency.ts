import type { MigrationInterface, QueryRunner } from "typeorm"

/** Calls to providers, the events that they and others cause, and the answers to requests with an idempotency key. */
export class OperationsEventsIdempotency1795399200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE payment_operation (
        id text PRIMARY KEY,
        kind text NOT NULL,
        payment_collection_id text NOT NULL,
        payment_session_id text NOT NULL,
        payment_id text,
        capture_id text,
        refund_id text,
        provider_id text NOT NULL,
        currency_code text NOT NULL,
        amount bigint NOT NULL,
        state text NOT NULL DEFAULT 'pending',
        request jsonb NOT NULL,
        failure jsonb,
        last_error text,
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz(3),
        claimed_until timestamptz(3),
        is_stuck boolean NOT NULL DEFAULT false,
        request_key text,
        created_by text,
        settled_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT payment_operation_collection_fk FOREIGN KEY (payment_collection_id)
          REFERENCES payment_collection (id),
        CONSTRAINT payment_operation_kind_known CHECK (kind IN ('initiate', 'update', 'authorize', 'cancel_session',
          'capture', 'refund', 'cancel_payment')),
        CONSTRAINT payment_operation_state_known CHECK (state IN ('pending', 'succeeded', 'declined', 'unknown')),
        CONSTRAINT payment_operation_amount_positive CHECK (amount >= 0),
        CONSTRAINT payment_operation_settled CHECK ((state IN ('pending', 'unknown')) = (settled_at IS NULL))
      );
      CREATE UNIQUE INDEX payment_operation_one_per_session ON payment_operation (payment_collection_id)
        WHERE state IN ('pending', 'unknown') AND kind IN ('initiate', 'update', 'authorize', 'cancel_session');
      CREATE UNIQUE INDEX payment_operation_one_cancel ON payment_operation (payment_id)
        WHERE state IN ('pending', 'unknown') AND kind = 'cancel_payment';
      CREATE UNIQUE INDEX payment_operation_request_key ON payment_operation (request_key)
        WHERE request_key IS NOT NULL;
      CREATE INDEX payment_operation_collection ON payment_operation (payment_collection_id);
      CREATE INDEX payment_operation_unsettled ON payment_operation (payment_collection_id)
        WHERE state IN ('pending', 'unknown');
      CREATE INDEX payment_operation_payment ON payment_operation (payment_id) WHERE payment_id IS NOT NULL;
      CREATE INDEX payment_operation_stuck ON payment_operation (id) WHERE is_stuck;
      CREATE INDEX payment_operation_due ON payment_operation (next_attempt_at)
        WHERE state IN ('pending', 'unknown');

      CREATE TABLE outbox_event (
        id text PRIMARY KEY,
        name text NOT NULL,
        aggregate_id text NOT NULL,
        data jsonb NOT NULL,
        sequence bigserial NOT NULL,
        position bigint,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT outbox_event_one_position UNIQUE (position)
      );
      CREATE INDEX outbox_event_new ON outbox_event (sequence) WHERE position IS NULL;

      CREATE TABLE idempotency_key (
        id text PRIMARY KEY,
        scope text NOT NULL,
        key text NOT NULL,
        request_hash text NOT NULL,
        response json,
        claimed_until timestamptz(3),
        expires_at timestamptz(3) NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT idempotency_key_once UNIQUE (scope, key),
        CONSTRAINT idempotency_key_claimed_or_answered CHECK (claimed_until IS NULL OR response IS NULL)
      );
      CREATE INDEX idempotency_key_expiry ON idempotency_key (expires_at);

      ALTER TABLE payment_collection ADD marking_paid_at timestamptz(3), ADD request_key text;
      CREATE UNIQUE INDEX payment_collection_request_key ON payment_collection (request_key)
        WHERE request_key IS NOT NULL;
    `)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE payment_collection DROP marking_paid_at, DROP request_key;
      DROP TABLE idempotency_key, outbox_event, payment_operation
    `)
  }
}
