import { excerpt, InvalidData, REFUSAL_LIMITS } from "../../common/errors.js"
import type { Relation, Resource } from "./resource.js"

/** The kind of caller: a storefront with a publishable key, or an operator or service. */
export type Audience = "store" | "admin"

/** The fields of one resource to return: its scalars by name, and its relations with the fields of each. */
export interface Selection {
  readonly resource: Resource
  readonly scalars: ReadonlySet<string>
  readonly relations: ReadonlyMap<string, Selection>
  /** The defaults of a route, which come back with almost every request. */
  readonly isDefault: boolean
}

/** Relations that one selection may have in all: reading them is one statement, whose size they are. */
const MAX_RELATIONS = 30

/** Names that one `fields` may list: more than all resources have together. */
const MAX_NAMES = 500

/** Always returned, whatever is selected. */
const KEY = "id"

interface MutableSelection extends Selection {
  scalars: Set<string>
  relations: Map<string, MutableSelection>
}

/**
 * Parses a `fields` parameter with Medusa's grammar: `a,b` replaces the defaults, `+a` adds, `-a` removes, `*rel`,
 * `rel.*` or a plain `rel` expands a relation, dotted paths select inside one. One piece without a modifier makes the
 * whole list replace the defaults. Absent or empty means the defaults.
 *
 * @param defaults paths in the same grammar, written without modifiers
 * @throws InvalidData naming the unknown paths alone, with the allowed ones in its details
 */
export function parseFields(
  resource: Resource,
  defaults: readonly string[],
  fields: string | undefined,
  audience: Audience,
): Selection {
  const pieces = (fields ?? "").split(",").filter((piece) => piece.trim() !== "")
  if (pieces.length > MAX_NAMES) {
    throw new InvalidData(`Invalid request: 'fields' has more than the maximum of ${MAX_NAMES} names. Ask for fewer.`)
  }
  const replaces = pieces.some((piece) => !hasModifier(piece))
  const selection = emptySelection(resource, pieces.length === 0)
  const unknown: string[] = []
  const circular: string[] = []

  if (!replaces) for (const path of defaults) add(selection, namesOf(path), audience)
  for (const piece of pieces) {
    const path = piece.trim().replace(/^[+\-\s]+/, "")
    const names = namesOf(path)
    const change = !replaces && piece.startsWith("-") ? remove : add
    if (isCircular(resource, names)) circular.push(path)
    else if (!change(selection, names, audience)) unknown.push(path)
  }

  if (circular.length > 0) {
    throw new InvalidData(
      `Invalid request: 'fields' leads back to a resource that the path has passed: ${listOf(circular)}. ` +
        "Only a relation to one resource may lead back, and the path ends there, as in 'captures.payment'.",
    )
  }
  if (unknown.length > 0) throw unknownNames(unknown, allowedPaths(resource, audience))
  if (countRelations(selection) > MAX_RELATIONS) {
    throw new InvalidData(
      `Invalid request: 'fields' expands more than the maximum of ${MAX_RELATIONS} relations in all. Select fewer in one request.`,
    )
  }
  return selection
}

/** The names that a caller may select at one level: scalars and relations. */
export function selectableNames(resource: Resource, audience: Audience): string[] {
  return [...scalarNames(resource, audience), ...relationsFor(resource, audience).map(({ name }) => name)]
}

/** The relations that a caller may expand. */
export function relationsFor({ relations }: Resource, audience: Audience): Relation[] {
  return [...relations.values()].filter(({ adminOnly }) => audience === "admin" || !adminOnly)
}

function relationNamed(resource: Resource, name: string, audience: Audience): Relation | undefined {
  return relationsFor(resource, audience).find((relation) => relation.name === name)
}

/** The names on a path; none for `*` alone, which stands for all scalars of the resource itself. */
function namesOf(path: string): string[] {
  const bare = path.replace(/^\*/, "").replace(/(^|\.)\*$/, "")
  return bare === "" && path !== "" ? [] : bare.split(".")
}

function hasModifier(piece: string): boolean {
  return /^[+\-*\s]/.test(piece) || piece.trimEnd().endsWith(".*")
}

function emptySelection(resource: Resource, isDefault = false): MutableSelection {
  return { resource, scalars: new Set([KEY]), relations: new Map(), isDefault }
}

/**
 * Whether a path leads back to a resource that it has passed other than by a to-one relation as its last step: each such
 * circle would multiply the rows of the response by those of the relation.
 */
function isCircular(resource: Resource, names: string[], passed: readonly Resource[] = []): boolean {
  const [name, ...rest] = names
  const relation = name === undefined ? undefined : resource.relations.get(name)
  if (!relation) return false
  const [target, before] = [relation.target(), [...passed, resource]]
  if (!before.includes(target)) return isCircular(target, rest, before)
  return relation.many || (rest[0] !== undefined && target.relations.has(rest[0]))
}

function listOf(paths: readonly string[]): string {
  return paths.slice(0, REFUSAL_LIMITS.details).map(excerpt).join(", ")
}

function countRelations({ relations }: Selection): number {
  return [...relations.values()].reduce((count, child) => count + 1 + countRelations(child), 0)
}

function scalarNames(resource: Resource, audience: Audience): string[] {
  return [...resource.fields].filter(([, field]) => audience === "admin" || !field.adminOnly).map(([name]) => name)
}

/** Adds a path; a path that ends at a relation adds all scalars of it. False when a name on the path is unknown. */
function add(
  selection: MutableSelection,
  names: string[],
  audience: Audience,
  passed: readonly Resource[] = [],
): boolean {
  const [name, ...rest] = names
  if (name === undefined) return addWhole(selection, passed)
  if (rest.length === 0 && scalarNames(selection.resource, audience).includes(name)) {
    selection.scalars.add(name)
    return true
  }
  const relation = relationNamed(selection.resource, name, audience)
  if (!relation) return false
  const child = selection.relations.get(name) ?? emptySelection(relation.target())
  if (!add(child, rest, audience, [...passed, selection.resource])) return false
  selection.relations.set(name, child)
  return true
}

/**
 * All scalars that everybody may see; what is for operators alone has to be named.
 * @param passed the resources on the path; one that the path has come back to brings no relations along
 */
function addWhole(selection: MutableSelection, passed: readonly Resource[]): true {
  addScalars(selection)
  if (passed.includes(selection.resource)) return true
  for (const relation of selection.resource.relations.values()) {
    if (!relation.withParent) continue
    const child = selection.relations.get(relation.name) ?? emptySelection(relation.target())
    addScalars(child)
    selection.relations.set(relation.name, child)
  }
  return true
}

function addScalars(selection: MutableSelection): void {
  for (const name of scalarNames(selection.resource, "store")) selection.scalars.add(name)
}

/** Removes a scalar, or a relation with all below it. False when a name on the path is unknown. */
function remove(selection: MutableSelection, names: string[], audience: Audience): boolean {
  const [name, ...rest] = names
  if (name === undefined) return false
  const relation = relationNamed(selection.resource, name, audience)
  if (rest.length > 0) {
    if (!relation) return false
    return remove(selection.relations.get(name) ?? emptySelection(relation.target()), rest, audience)
  }
  if (relation) {
    selection.relations.delete(name)
    return true
  }
  if (!scalarNames(selection.resource, audience).includes(name)) return false
  if (name !== KEY) selection.scalars.delete(name)
  return true
}

/** @param allowed the names that the caller may select */
export function unknownNames(unknown: readonly string[], allowed: readonly string[]): InvalidData {
  const named = unknown
    .slice(0, REFUSAL_LIMITS.details)
    .map((path) => `'${excerpt(path)}'`)
    .join(", ")
  return new InvalidData(`Invalid request: Unknown names in 'fields': ${named}`, {
    details: [
      {
        field: "fields",
        message: "See the allowed names. A relation's own names follow a dot, such as 'payment_sessions.id'.",
        allowed,
      },
    ],
  })
}

/** The names at the top, and one level into each relation. */
function allowedPaths(resource: Resource, audience: Audience): string[] {
  const nested = relationsFor(resource, audience).flatMap((relation) =>
    selectableNames(relation.target(), audience).map((name) => `${relation.name}.${name}`),
  )
  return [...selectableNames(resource, audience), ...nested]
}
