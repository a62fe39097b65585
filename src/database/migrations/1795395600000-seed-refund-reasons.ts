import type { MigrationInterface, QueryRunner } from "typeorm"

/** The reasons that Medusa starts with. Only where there are none: a shop keeps its own. */
export class SeedRefundReasons1795395600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      INSERT INTO refund_reason (id, label, code, description)
      SELECT id, label, code, description FROM (VALUES
        ('refr_01M820000000SHIPPING0SSUE0', 'Shipping Issue', 'shipping_issue', 'The order was lost, delayed or damaged on its way.'),
        ('refr_01M820000000CVSTMER0CARE00', 'Customer Care Adjustment', 'customer_care_adjustment', 'Given out of courtesy.'),
        ('refr_01M820000000PR1C1NGERR0R00', 'Pricing Error', 'pricing_error', 'The order was charged at a wrong price.')
      ) AS seed (id, label, code, description)
      WHERE NOT EXISTS (SELECT 1 FROM refund_reason)
    `)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DELETE FROM refund_reason reason WHERE id IN ('refr_01M820000000SHIPPING0SSUE0', 'refr_01M820000000CVSTMER0CARE00',
        'refr_01M820000000PR1C1NGERR0R00') AND NOT EXISTS (SELECT 1 FROM refund WHERE refund.refund_reason_id = reason.id)
    `)
  }
}
