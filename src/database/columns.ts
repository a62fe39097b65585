import {
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  PrimaryColumn,
  UpdateDateColumn,
  type ColumnOptions,
} from "typeorm"

/** Times are stored with the precision of JSON dates, so that a client can filter by a time that it got. */
const MILLISECONDS = 3

/** A `bigint` of minor units. The driver gives text, which no double has touched. */
export function MinorUnitsColumn(options: ColumnOptions = {}): PropertyDecorator {
  return Column({
    ...options,
    type: "bigint",
    transformer: {
      to: (value: unknown) => (typeof value === "bigint" ? value.toString() : value),
      from: (value: string | null) => (value === null ? null : BigInt(value)),
    },
  })
}

/** A point in time, with its zone. */
export function TimeColumn(options: ColumnOptions = {}): PropertyDecorator {
  return Column({ nullable: true, ...options, type: "timestamptz", precision: MILLISECONDS })
}

/** A JSON object. */
export function JsonColumn(options: ColumnOptions = {}): PropertyDecorator {
  return Column({ nullable: true, ...options, type: "jsonb" })
}

/** The columns of most tables: an id that this service or its caller chose, and the times of the row. */
export abstract class Row {
  @PrimaryColumn("text")
  id!: string

  @CreateDateColumn({ type: "timestamptz", precision: MILLISECONDS })
  created_at!: Date

  @UpdateDateColumn({ type: "timestamptz", precision: MILLISECONDS })
  updated_at!: Date
}

/** A row that is only marked as deleted. The API does not return it any more. */
export abstract class SoftDeletedRow extends Row {
  @DeleteDateColumn({ type: "timestamptz", precision: MILLISECONDS })
  deleted_at!: Date | null
}
