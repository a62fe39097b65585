import type { MigrationInterface, QueryRunner } from "typeorm"

/** Who has claimed a row: a process that finds another token has lost its claim, and writes nothing. */
export class Leases1795406400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE idempotency_key ADD claim_token text;
      ALTER TABLE payment_operation ADD claim_token text;
      ALTER TABLE webhook_event ADD claim_token text;
    `)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE webhook_event DROP claim_token;
      ALTER TABLE payment_operation DROP claim_token;
      ALTER TABLE idempotency_key DROP claim_token;
    `)
  }
}
