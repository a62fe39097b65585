import type { MigrationInterface, QueryRunner } from "typeorm"

/** An operation is resolved, not settled: in payments, settlement means the payout. */
export class ResolvedOperations1795420800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE payment_operation RENAME COLUMN settled_at TO resolved_at")
    await runner.query(
      "ALTER TABLE payment_operation RENAME CONSTRAINT payment_operation_settled TO payment_operation_resolved",
    )
    await runner.query("ALTER INDEX payment_operation_unsettled RENAME TO payment_operation_unresolved")
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER INDEX payment_operation_unresolved RENAME TO payment_operation_unsettled")
    await runner.query(
      "ALTER TABLE payment_operation RENAME CONSTRAINT payment_operation_resolved TO payment_operation_settled",
    )
    await runner.query("ALTER TABLE payment_operation RENAME COLUMN resolved_at TO settled_at")
  }
}
