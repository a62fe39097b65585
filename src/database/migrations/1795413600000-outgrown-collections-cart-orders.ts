import type { MigrationInterface, QueryRunner } from "typeorm"

/** The total of a cart that was last reported as larger than what its collection is for; the order of a cart. */
export class OutgrownCollectionsCartOrders1795413600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE payment_collection ADD COLUMN outgrown_total bigint")
    await runner.query("ALTER TABLE cart ADD COLUMN order_id text")
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE cart DROP COLUMN order_id")
    await runner.query("ALTER TABLE payment_collection DROP COLUMN outgrown_total")
  }
}
