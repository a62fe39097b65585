import type { Type } from "@nestjs/common"
import { ApiProperty, type ApiPropertyOptions } from "@nestjs/swagger"

/**
 * A *resource* is what the API answers: a response class whose decorators say, once, which names a client may select,
 * what each means, and which relations they can expand. From it come the parsing of `fields`, the reading, the
 * pruning of the answer and the API document.
 */
export interface Resource {
  readonly name: string
  readonly type: Type
  /** The entity whose rows it shows. */
  readonly rows: Type
  readonly fields: ReadonlyMap<string, ScalarField>
  readonly relations: ReadonlyMap<string, Relation>
}

export interface ScalarField {
  /** For admin callers who name it; for the store the name does not exist. */
  readonly adminOnly: boolean
  /** What the examples of the API document show of it. */
  readonly example: unknown
  /** SQL for an amount that no column holds, in minor units, given the row's alias. */
  readonly derived?: (row: string) => string
}

export interface Relation {
  readonly name: string
  /** The related resource, looked up by name so that resources may refer to each other in circles. */
  readonly target: () => Resource
  readonly many: boolean
  /** SQL that narrows the related rows, given the aliases; see {@link RelationOptions.where}. */
  readonly where?: (child: string, parent: string) => string
  /** A deleted row is shown too: what happened with it stays a fact. */
  readonly withDeleted: boolean
  /** For admin callers alone; for the store the name does not exist. */
  readonly adminOnly: boolean
  /** Expanded along with its parent when the whole parent is asked for, as Medusa does with a session's payment. */
  readonly withParent: boolean
}

export interface RelationOptions {
  description: string
  many?: boolean
  nullable?: boolean
  /**
   * SQL for the related rows to read, given the aliases, beside the join that the entity declares for the relation. It is
   * the whole join if the entity declares none.
   */
  where?: (child: string, parent: string) => string
  withDeleted?: boolean
  withParent?: boolean
  adminOnly?: boolean
}

interface MutableResource extends Resource {
  fields: Map<string, ScalarField>
  relations: Map<string, Relation>
}

const byName = new Map<string, Resource>()
const byType = new Map<object, MutableResource>()

/** Names a response class, so that relations find it, and says whose rows it shows. */
export function ResourceOf(name: string, rows: Type): (type: Type) => void {
  return (type) => {
    const resource = declared(type)
    byName.set(name, Object.assign(resource, { name, rows }))
  }
}

/** A scalar of the answer that `fields` can select. */
export function Field(
  options: ApiPropertyOptions & { adminOnly?: boolean; derived?: ScalarField["derived"] },
): PropertyDecorator {
  const { adminOnly = false, derived, ...property } = options
  return (prototype, key) => {
    const name = String(key)
    declared(prototype.constructor as Type).fields.set(name, {
      adminOnly,
      example: property.example,
      ...(derived && { derived }),
    })
    // `fields` can leave out everything but the id, so that nothing else can be promised.
    ApiProperty({ ...property, required: name === "id" } as ApiPropertyOptions)(prototype, key)
  }
}

/** A related resource that `fields` can expand; answered only when the selection has it. */
export function Related(targetName: string, options: RelationOptions): PropertyDecorator {
  const { description, many = false, nullable = false, where } = options
  const { withDeleted = false, withParent = false, adminOnly = false } = options
  const target = () => resourceNamed(targetName)
  return (prototype, key) => {
    const name = String(key)
    const relation = { name, target, many, where, withDeleted, withParent, adminOnly }
    declared(prototype.constructor as Type).relations.set(name, relation)
    ApiProperty({ type: () => target().type, isArray: many, nullable, required: false, description })(prototype, key)
  }
}

/** The table of a response class. */
export function resourceOf(type: Type): Resource {
  const resource = byType.get(type)
  if (!resource) throw new Error(`${type.name} is no resource`)
  return resource
}

/** Every table there is. */
export function allResources(): Resource[] {
  return [...byName.values()]
}

function resourceNamed(name: string): Resource {
  const resource = byName.get(name)
  if (!resource) throw new Error(`No resource is named ${name}`)
  return resource
}

function declared(type: Type): MutableResource {
  let resource = byType.get(type)
  if (!resource) {
    resource = { name: type.name, type, rows: type, fields: new Map(), relations: new Map() }
    byType.set(type, resource)
  }
  return resource
}
