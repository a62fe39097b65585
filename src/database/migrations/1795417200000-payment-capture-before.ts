import type { MigrationInterface, QueryRunner } from "typeorm"

/** When a provider releases what is not captured; and a constraint: never more is authorized than was requested. */
export class PaymentCaptureBefore1795417200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE payment
        ADD COLUMN capture_before timestamptz(3),
        ADD CONSTRAINT payment_authorized_within_amount CHECK (authorized_amount <= amount)
    `)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE payment DROP CONSTRAINT payment_authorized_within_amount, DROP COLUMN capture_before
    `)
  }
}
