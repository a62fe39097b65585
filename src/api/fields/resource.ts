import type { Type } from "@nestjs/common"
import { ApiProperty, type ApiPropertyOptions } from "@nestjs/swagger"
import type { Audience } from "./fields.js"

/**
 * A *resource* is something that the API returns. The decorators of its response class declare, once, the names that a
 * client may select, their meaning and the relations to expand. The parsing of `fields`, the reads, the responses
 * and the API document all follow from it.
 */
export interface Resource<Row = unknown, Parent = unknown> {
  readonly name: string
  /** The response class. */
  readonly type: Type
  /** The entity whose rows the resource shows. */
  readonly rows: Type
  readonly fields: ReadonlyMap<string, ScalarField>
  readonly relations: ReadonlyMap<string, Relation>
  /**
   * Maps the scalars of a row, name by name: what is not named here never leaves the service. Relations are mapped by
   * the resource that they lead to.
   * @param parent the row that the row is read below, if it is
   */
  toResponse(row: Row, audience: Audience, parent: Parent): object
}

export interface ScalarField {
  /** For admin callers who name it; for the store the name does not exist. */
  readonly adminOnly: boolean
  /** The value in the examples of the API document. */
  readonly example: unknown
  /** SQL for an amount that no column holds, in minor units, given the row's alias. */
  readonly derived?: (row: string) => string
}

export interface Relation {
  readonly name: string
  /** The related resource, looked up by name because resources refer to each other in circles. */
  readonly target: () => Resource
  readonly many: boolean
  /** SQL that narrows the related rows, given the aliases; see {@link RelationOptions.where}. */
  readonly where?: (child: string, parent: string) => string
  /** Whether deleted rows are shown too, because what happened with them stays a fact. */
  readonly withDeleted: boolean
  /** For admin callers only; for the store the name does not exist. */
  readonly adminOnly: boolean
  /** Expanded along with its parent if the whole parent is selected, as Medusa does with a session's payment. */
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

/** Declares a resource. It takes part in relations once it is among {@link registerResources}. */
export function defineResource<Row, Parent = unknown>(
  definition: Pick<Resource<Row, Parent>, "name" | "type" | "rows" | "toResponse">,
): Resource<Row, Parent> {
  return { ...definition, ...membersOf(definition.type) }
}

/** A scalar of the response that `fields` can select. */
export function Field(
  options: ApiPropertyOptions & { adminOnly?: boolean; derived?: ScalarField["derived"] },
): PropertyDecorator {
  const { adminOnly = false, derived, ...property } = options
  return (prototype, key) => {
    const name = String(key)
    membersOf(prototype.constructor as Type).fields.set(name, {
      adminOnly,
      example: property.example,
      ...(derived && { derived }),
    })
    // `fields` can leave out everything but the id, so that nothing else can be promised.
    ApiProperty({ ...property, required: name === "id" } as ApiPropertyOptions)(prototype, key)
  }
}

/** A related resource that `fields` can expand; returned only if it is selected. */
export function Related(targetName: string, options: RelationOptions): PropertyDecorator {
  const { description, many = false, nullable = false, where } = options
  const { withDeleted = false, withParent = false, adminOnly = false } = options
  const target = () => resourceNamed(targetName)
  return (prototype, key) => {
    const name = String(key)
    const relation = { name, target, many, where, withDeleted, withParent, adminOnly }
    membersOf(prototype.constructor as Type).relations.set(name, relation)
    ApiProperty({ type: () => target().type, isArray: many, nullable, required: false, description })(prototype, key)
  }
}

const registry = new Map<string, Resource>()

/** Makes resources known to the relations that name them. The application registers all of them when it is composed. */
export function registerResources(resources: readonly Resource[]): void {
  for (const resource of resources) registry.set(resource.name, resource)
}

export function allResources(): Resource[] {
  return [...registry.values()]
}

function resourceNamed(name: string): Resource {
  const resource = registry.get(name)
  if (!resource) throw new Error(`No resource is registered as ${name}`)
  return resource
}

interface Members {
  readonly fields: Map<string, ScalarField>
  readonly relations: Map<string, Relation>
}

const MEMBERS = Symbol("members of a resource")

function membersOf(type: Type): Members {
  let members = Reflect.getOwnMetadata(MEMBERS, type) as Members | undefined
  if (!members) Reflect.defineMetadata(MEMBERS, (members = { fields: new Map(), relations: new Map() }), type)
  return members
}
