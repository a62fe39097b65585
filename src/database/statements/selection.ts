/** Which columns and relations of an entity a read loads. The parsed `fields` of a request is one. */
export interface RowSelection {
  readonly resource: RowResource
  /** The selected names that are no relations. */
  readonly scalars: ReadonlySet<string>
  readonly relations: ReadonlyMap<string, RowSelection>
  /** The same object comes back with almost every request, so that its SQL is worth keeping. */
  readonly isDefault: boolean
}

/** The resource that shows an entity's rows, as far as a read needs it. */
export interface RowResource {
  readonly name: string
  /** The entity's class. */
  readonly rows: new () => object
  readonly fields: ReadonlyMap<string, RowField>
  readonly relations: ReadonlyMap<string, RowRelation>
}

export interface RowField {
  /** SQL for an amount that no column holds, in minor units, given the row's alias. */
  readonly derived?: (row: string) => string
}

export interface RowRelation {
  /** The related rows come as a list, or else as one row or null. */
  readonly many: boolean
  /** Deleted rows are read too. */
  readonly withDeleted: boolean
  /** SQL that the related rows fulfill besides the join of the entity's relation; the whole join if the entity has none. */
  readonly where?: (child: string, parent: string) => string
}
