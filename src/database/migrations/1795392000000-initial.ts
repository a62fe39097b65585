import type { MigrationInterface, QueryRunner } from "typeorm"

/** The tables of the aggregate, and what it needs to know of carts, regions and keys. */
export class Initial1795392000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE payment_collection (
        id text PRIMARY KEY,
        currency_code text NOT NULL,
        amount bigint NOT NULL,
        authorized_amount bigint NOT NULL DEFAULT 0,
        captured_amount bigint NOT NULL DEFAULT 0,
        refunded_amount bigint NOT NULL DEFAULT 0,
        status text NOT NULL DEFAULT 'not_paid',
        completed_at timestamptz(3),
        metadata jsonb,
        cart_id text,
        order_id text,
        region_id text,
        sales_channel_id text,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        deleted_at timestamptz(3),
        CONSTRAINT payment_collection_status_known CHECK (status IN ('not_paid', 'awaiting', 'authorized',
          'partially_authorized', 'canceled', 'failed', 'partially_captured', 'completed')),
        CONSTRAINT payment_collection_amounts_positive CHECK
          (amount >= 0 AND authorized_amount >= 0 AND captured_amount >= 0 AND refunded_amount >= 0)
      );
      CREATE UNIQUE INDEX payment_collection_live_cart ON payment_collection (cart_id)
        WHERE deleted_at IS NULL AND status <> 'canceled';
      CREATE INDEX payment_collection_order ON payment_collection (order_id) WHERE order_id IS NOT NULL;

      CREATE TABLE payment_session (
        id text PRIMARY KEY,
        payment_collection_id text NOT NULL,
        provider_id text NOT NULL,
        currency_code text NOT NULL,
        amount bigint NOT NULL,
        status text NOT NULL DEFAULT 'pending',
        client_data jsonb NOT NULL DEFAULT '{}',
        data jsonb NOT NULL DEFAULT '{}',
        private_data jsonb,
        context jsonb,
        authorized_at timestamptz(3),
        metadata jsonb,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        deleted_at timestamptz(3),
        CONSTRAINT payment_session_collection_fk FOREIGN KEY (payment_collection_id) REFERENCES payment_collection (id),
        CONSTRAINT payment_session_status_known CHECK (status IN ('pending', 'requires_more', 'pending_authorization',
          'authorized', 'captured', 'canceled', 'error')),
        CONSTRAINT payment_session_amount_positive CHECK (amount >= 0)
      );
      CREATE UNIQUE INDEX payment_session_open ON payment_session (payment_collection_id)
        WHERE deleted_at IS NULL AND status IN ('pending', 'requires_more', 'pending_authorization', 'error');
      CREATE INDEX payment_session_collection ON payment_session (payment_collection_id);

      CREATE TABLE payment (
        id text PRIMARY KEY,
        payment_collection_id text NOT NULL,
        payment_session_id text NOT NULL,
        provider_id text NOT NULL,
        currency_code text NOT NULL,
        amount bigint NOT NULL,
        authorized_amount bigint NOT NULL,
        captured_amount bigint NOT NULL DEFAULT 0,
        refunded_amount bigint NOT NULL DEFAULT 0,
        data jsonb NOT NULL DEFAULT '{}',
        private_data jsonb,
        metadata jsonb,
        captured_at timestamptz(3),
        canceled_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        deleted_at timestamptz(3),
        CONSTRAINT payment_collection_fk FOREIGN KEY (payment_collection_id) REFERENCES payment_collection (id),
        CONSTRAINT payment_session_fk FOREIGN KEY (payment_session_id) REFERENCES payment_session (id),
        CONSTRAINT payment_amount_positive CHECK (amount >= 0 AND refunded_amount >= 0 AND captured_amount >= 0),
        CONSTRAINT payment_captured_within_authorized CHECK (captured_amount <= authorized_amount),
        CONSTRAINT payment_refunded_within_captured CHECK (refunded_amount <= captured_amount)
      );
      CREATE UNIQUE INDEX payment_one_per_session ON payment (payment_session_id) WHERE deleted_at IS NULL;
      CREATE INDEX payment_collection_id_idx ON payment (payment_collection_id);

      CREATE TABLE capture (
        id text PRIMARY KEY,
        payment_id text NOT NULL,
        amount bigint NOT NULL,
        status text NOT NULL,
        created_by text,
        metadata jsonb,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT capture_payment_fk FOREIGN KEY (payment_id) REFERENCES payment (id),
        CONSTRAINT capture_amount_above_zero CHECK (amount > 0),
        CONSTRAINT capture_status_known CHECK (status IN ('pending', 'succeeded', 'declined', 'unknown'))
      );
      CREATE INDEX capture_payment ON capture (payment_id);

      CREATE TABLE refund_reason (
        id text PRIMARY KEY,
        label text NOT NULL,
        code text NOT NULL,
        description text,
        metadata jsonb,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        deleted_at timestamptz(3)
      );
      CREATE UNIQUE INDEX refund_reason_live_code ON refund_reason (code) WHERE deleted_at IS NULL;

      CREATE TABLE refund (
        id text PRIMARY KEY,
        payment_id text NOT NULL,
        amount bigint NOT NULL,
        status text NOT NULL,
        refund_reason_id text,
        note text,
        created_by text,
        metadata jsonb,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT refund_payment_fk FOREIGN KEY (payment_id) REFERENCES payment (id),
        CONSTRAINT refund_reason_fk FOREIGN KEY (refund_reason_id) REFERENCES refund_reason (id),
        CONSTRAINT refund_amount_above_zero CHECK (amount > 0),
        CONSTRAINT refund_status_known CHECK (status IN ('pending', 'succeeded', 'declined', 'unknown'))
      );
      CREATE INDEX refund_payment ON refund (payment_id);
      CREATE INDEX refund_reason_used ON refund (refund_reason_id) WHERE refund_reason_id IS NOT NULL;

      CREATE TABLE payment_provider (
        id text PRIMARY KEY,
        is_enabled boolean NOT NULL DEFAULT true
      );

      CREATE TABLE region (
        id text PRIMARY KEY,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now()
      );

      CREATE TABLE region_payment_provider (
        region_id text NOT NULL,
        payment_provider_id text NOT NULL,
        PRIMARY KEY (region_id, payment_provider_id),
        CONSTRAINT region_payment_provider_region_fk FOREIGN KEY (region_id) REFERENCES region (id) ON DELETE CASCADE,
        CONSTRAINT region_payment_provider_provider_fk FOREIGN KEY (payment_provider_id)
          REFERENCES payment_provider (id)
      );

      CREATE TABLE cart (
        id text PRIMARY KEY,
        currency_code text NOT NULL,
        total bigint NOT NULL,
        region_id text,
        email text,
        customer_id text,
        sales_channel_id text,
        completed_at timestamptz(3),
        sent_at timestamptz(3) NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT cart_total_positive CHECK (total >= 0)
      );

      CREATE TABLE api_key (
        id text PRIMARY KEY,
        type text NOT NULL,
        title text NOT NULL,
        lookup text NOT NULL,
        redacted text NOT NULL,
        sales_channel_ids text[] NOT NULL DEFAULT '{}',
        created_by text,
        revoked_by text,
        revoked_at timestamptz(3),
        last_used_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT api_key_type_known CHECK (type IN ('publishable', 'secret'))
      );
      CREATE UNIQUE INDEX api_key_lookup ON api_key (lookup);
    `)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE api_key, cart, region_payment_provider, region, payment_provider, refund, refund_reason, capture,
        payment, payment_session, payment_collection
    `)
  }
}
