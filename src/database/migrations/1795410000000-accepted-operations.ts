import type { MigrationInterface, QueryRunner } from "typeorm"

/** Which operations a provider has accepted and not finished, so that the event of it is recorded once. */
export class AcceptedOperations1795410000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE payment_operation ADD COLUMN is_accepted boolean NOT NULL DEFAULT false")
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE payment_operation DROP COLUMN is_accepted")
  }
}
