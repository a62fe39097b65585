import {
  applyDecorators,
  createParamDecorator,
  Injectable,
  SetMetadata,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
} from "@nestjs/common"
import { Reflector } from "@nestjs/core"
import { ApiQuery } from "@nestjs/swagger"
import { map, type Observable } from "rxjs"
import { carrierOf } from "../carrier.js"
import { parseFields, prune, relationsFor, selectableNames, type Audience, type Selection } from "./fields.js"
import { resourceOf } from "./resource.js"

/** What a route answers: which resource under which key of the envelope, to whom, and what of it by default. */
export interface View {
  readonly key: string
  readonly type: Type
  readonly audience: Audience
  readonly defaults: readonly string[]
}

const VIEW = Symbol("view")

/** Says what a handler answers, lets callers select of it by `fields`, and documents the parameter. */
export function RespondsWith(view: View): MethodDecorator {
  return applyDecorators(
    SetMetadata(VIEW, view),
    ApiQuery({ name: "fields", required: false, type: String, description: describeFields(view) }),
  )
}

/** Injects the selection that the request asked for, so that the service reads no more than that. */
export const Selected = createParamDecorator((_: unknown, context: ExecutionContext): Selection => {
  const selection = selections.get(carrierOf(context))
  if (!selection) throw new Error(`${context.getHandler().name} answers no view`)
  return selection
})

/** Selections of the requests under way, by the object that stands for the request. */
const selections = new WeakMap<object, Selection>()

/**
 * Reads `fields` before the handler runs, so that an unknown name changes nothing, and prunes the answer to it
 * afterwards. Works on HTTP queries and TCP messages alike.
 */
@Injectable()
export class FieldsInterceptor implements NestInterceptor {
  private readonly defaultSelections = new Map<View, Selection>()

  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const view = this.reflector.get<View | undefined>(VIEW, context.getHandler())
    if (!view) return next.handle()
    const selection = this.select(view, fieldsOf(context))
    selections.set(carrierOf(context), selection)
    return next.handle().pipe(map((envelope: unknown) => pruneEnvelope(envelope, view.key, selection)))
  }

  private select(view: View, fields: unknown): Selection {
    // Anything but a string is refused by the validation of the query, which runs after this.
    if (typeof fields === "string" && fields !== "") {
      return parseFields(resourceOf(view.type), view.defaults, fields, view.audience)
    }
    let selection = this.defaultSelections.get(view)
    if (!selection) {
      selection = parseFields(resourceOf(view.type), view.defaults, undefined, view.audience)
      this.defaultSelections.set(view, selection)
    }
    return selection
  }
}

function pruneEnvelope(envelope: unknown, key: string, selection: Selection): unknown {
  if (envelope === null || typeof envelope !== "object" || !(key in envelope)) return envelope
  return { ...envelope, [key]: prune((envelope as Record<string, unknown>)[key], selection) }
}

function fieldsOf(context: ExecutionContext): unknown {
  if (context.getType() === "http")
    return context.switchToHttp().getRequest<{ query?: { fields?: unknown } }>().query?.fields
  return context.switchToRpc().getData<{ fields?: unknown } | null | undefined>()?.fields
}

function describeFields({ type, audience, defaults }: View): string {
  const resource = resourceOf(type)
  const relations = relationsFor(resource, audience).map(
    (relation) => `- \`${relation.name}\`: ${code(selectableNames(relation.target(), audience))}`,
  )
  return [
    "Comma-separated names of the fields to return. `+name` adds to the defaults, `-name` removes, `*relation` (or `relation.*`, or",
    "the plain name) expands a relation, `relation.name` selects inside it. Only the last relation of a path may lead back",
    "to a resource that the path has passed. A name without a modifier replaces all defaults. `id` is always returned; an unknown name is refused with 400.",
    "",
    `Names: ${code(selectableNames(resource, audience))}`,
    ...(relations.length > 0 ? ["", "Inside relations:", ...relations] : []),
    "",
    `Defaults: ${code(defaults)}${defaults.includes("*") ? "; `*` stands for every name that is no relation" : ""}`,
  ].join("\n")
}

function code(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ")
}
