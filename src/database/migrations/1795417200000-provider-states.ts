import type { MigrationInterface, QueryRunner } from "typeorm"

/**
 * When a provider releases what is not captured; a constraint: never more is authorized than was requested; and a status
 * of captures and refunds that a provider refused on another state of the payment.
 */
export class ProviderStates1795417200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE payment
        ADD COLUMN capture_before timestamptz(3),
        ADD CONSTRAINT payment_authorized_within_amount CHECK (authorized_amount <= amount);
      ALTER TABLE capture
        DROP CONSTRAINT capture_status_known,
        ADD CONSTRAINT capture_status_known
          CHECK (status IN ('pending', 'succeeded', 'declined', 'unknown', 'superseded'));
      ALTER TABLE refund
        DROP CONSTRAINT refund_status_known,
        ADD CONSTRAINT refund_status_known
          CHECK (status IN ('pending', 'succeeded', 'declined', 'unknown', 'superseded', 'failed'));
    `)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      UPDATE refund SET status = 'declined' WHERE status = 'superseded';
      UPDATE capture SET status = 'declined' WHERE status = 'superseded';
      ALTER TABLE refund
        DROP CONSTRAINT refund_status_known,
        ADD CONSTRAINT refund_status_known
          CHECK (status IN ('pending', 'succeeded', 'declined', 'unknown', 'failed'));
      ALTER TABLE capture
        DROP CONSTRAINT capture_status_known,
        ADD CONSTRAINT capture_status_known CHECK (status IN ('pending', 'succeeded', 'declined', 'unknown'));
      ALTER TABLE payment DROP CONSTRAINT payment_authorized_within_amount, DROP COLUMN capture_before;
    `)
  }
}
