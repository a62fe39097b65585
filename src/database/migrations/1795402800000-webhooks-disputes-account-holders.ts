import type { MigrationInterface, QueryRunner } from "typeorm"

/** What providers tell by themselves: events, refunds and disputes made with them; and their books of customers. */
export class WebhooksDisputesAccountHolders1795402800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE webhook_event (
        id text PRIMARY KEY,
        provider_id text NOT NULL,
        external_id text NOT NULL,
        type text NOT NULL,
        reference text NOT NULL,
        payload jsonb,
        payment_session_id text,
        state text NOT NULL DEFAULT 'pending',
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz(3),
        claimed_until timestamptz(3),
        last_error text,
        handled_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT webhook_event_state_known CHECK (state IN ('pending', 'parked', 'applied', 'ignored', 'dead')),
        CONSTRAINT webhook_event_waiting CHECK ((state IN ('pending', 'parked')) = (next_attempt_at IS NOT NULL))
      );
      CREATE UNIQUE INDEX webhook_event_once ON webhook_event (provider_id, external_id);
      CREATE INDEX webhook_event_due ON webhook_event (next_attempt_at) WHERE state IN ('pending', 'parked');
      CREATE INDEX webhook_event_reference ON webhook_event (reference);

      CREATE TABLE dispute (
        id text PRIMARY KEY,
        payment_id text NOT NULL,
        external_id text NOT NULL,
        amount bigint NOT NULL,
        currency_code text NOT NULL,
        status text NOT NULL,
        reason text NOT NULL,
        opened_at timestamptz(3) NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT dispute_payment_fk FOREIGN KEY (payment_id) REFERENCES payment (id),
        CONSTRAINT dispute_amount_positive CHECK (amount >= 0)
      );
      CREATE UNIQUE INDEX dispute_once ON dispute (payment_id, external_id);

      CREATE TABLE account_holder (
        id text PRIMARY KEY,
        provider_id text NOT NULL,
        customer_id text NOT NULL,
        email text,
        name text,
        phone text,
        external_id text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        deleted_at timestamptz(3)
      );
      CREATE UNIQUE INDEX account_holder_live_customer ON account_holder (provider_id, customer_id)
        WHERE deleted_at IS NULL;

      ALTER TABLE payment ADD is_surplus boolean NOT NULL DEFAULT false;
      ALTER TABLE refund
        ADD external_id text,
        DROP CONSTRAINT refund_status_known,
        ADD CONSTRAINT refund_status_known
          CHECK (status IN ('pending', 'succeeded', 'declined', 'unknown', 'failed'));
      CREATE UNIQUE INDEX refund_external_id ON refund (payment_id, external_id) WHERE external_id IS NOT NULL;
    `)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX refund_external_id;
      UPDATE refund SET status = 'declined' WHERE status = 'failed';
      ALTER TABLE refund
        DROP external_id,
        DROP CONSTRAINT refund_status_known,
        ADD CONSTRAINT refund_status_known CHECK (status IN ('pending', 'succeeded', 'declined', 'unknown'));
      ALTER TABLE payment DROP is_surplus;
      DROP TABLE account_holder, dispute, webhook_event
    `)
  }
}
