import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from "@nestjs/common"
import { Reflector } from "@nestjs/core"
import type { TcpContext } from "@nestjs/microservices"
import type { FastifyReply, FastifyRequest } from "fastify"
import { lastValueFrom, of, type Observable } from "rxjs"
import { requestContextOf } from "../api/request-context.js"
import { ServiceError } from "../common/errors.js"
import { ReplayAs } from "../api/repeat.js"
import { isRecord } from "../common/json.js"
import type { Lease } from "../database/leases.js"
import { replay, checkKey, RETENTION, hashOf, toStoredRefusal, storeSubjectOf } from "./idempotency.rules.js"
import { IdempotencyService, type KeyedRequest } from "./idempotency.service.js"
import { ReplayGuard, type StoreSubject } from "./replay-guard.js"

const KEY_HEADER = "idempotency-key"
const REPLAYED_HEADER = "idempotent-replayed"

/** Characters of a service's name at most; the validation refuses more, after this. */
const NAME_LENGTH = 100

/**
 * Runs a request with an idempotency key once, and returns the stored response to its repeats: POST below /store and
 * /admin with the header `Idempotency-Key`, messages with `idempotency_key`. It runs outside of everything else that shapes
 * a response, so that the stored response is the one that was sent. It goes by the path, so that no route can forget it.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly keys: IdempotencyService,
    private readonly reflector: Reflector,
    private readonly replays: ReplayGuard,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    const request = context.getType() === "rpc" ? keyedMessage(context) : keyedRequest(context)
    return request ? this.once(request, context, next) : next.handle()
  }

  private async once(
    request: StoreRequest,
    context: ExecutionContext,
    next: CallHandler,
  ): Promise<Observable<unknown>> {
    const claim = await this.keys.claim(request)
    if ("response" in claim) {
      if (request.subject) await this.replays.check(request.subject, requestContextOf(context).caller)
      markReplayed(context)
      return of(replay(claim.response))
    }
    requestContextOf(context).setRequestKey(claim.id)
    return of(await this.keys.run(claim, () => this.run(claim, context, next)))
  }

  /** Awaits the response, so that it is stored even if the client has disconnected. */
  private async run(claim: Lease, context: ExecutionContext, next: CallHandler): Promise<unknown> {
    let body: unknown
    try {
      body = await lastValueFrom(next.handle(), { defaultValue: undefined })
    } catch (error) {
      await this.fail(claim, error)
      throw error
    }
    const forRepeats = this.reflector.get(ReplayAs, context.getHandler())
    await this.keys.storeResponse(claim, { body: forRepeats ? forRepeats(body) : body })
    return body
  }

  /** An error that is no refusal is a fault of ours, and may have happened after something was done. */
  private async fail(claim: Lease, error: unknown): Promise<void> {
    if (!(error instanceof ServiceError)) return this.keys.release(claim)
    switch (RETENTION[error.kind]) {
      case "keep":
        return this.keys.storeResponse(claim, toStoredRefusal(error))
      case "resume":
        return this.keys.release(claim)
      case "restart":
        return this.keys.restart(claim)
    }
  }
}

/** A request with a key, and its subject if it is a storefront's. */
interface StoreRequest extends KeyedRequest {
  readonly subject?: StoreSubject
}

function keyedRequest(context: ExecutionContext): StoreRequest | undefined {
  const { method, headers, routeOptions, url, query, body, params } = context
    .switchToHttp()
    .getRequest<FastifyRequest>()
  const key = headers[KEY_HEADER]
  if (key === undefined || method !== "POST" || !/^\/(store|admin)\//.test(routeOptions.url ?? "")) return undefined
  const [path] = url.split("?")
  const subject = routeOptions.url?.startsWith("/store/") ? storeSubjectOf(params, body) : undefined
  return {
    subject,
    scope: ["http", requestContextOf(context).caller.id, ...(subject ? [subject.id] : [])].join(":"),
    key: checkKey(key, "Idempotency-Key"),
    hash: hashOf({ method, path, query, body: body ?? {} }),
  }
}

function keyedMessage(context: ExecutionContext): KeyedRequest | undefined {
  const message = context.switchToRpc().getData<unknown>()
  if (!isRecord(message)) return undefined
  const { idempotency_key: key, caller: name, token: _token, ...data } = message
  if (key === undefined || key === null || !isNameOrAbsent(name)) return undefined
  const pattern = context.switchToRpc().getContext<TcpContext>().getPattern()
  return {
    scope: requestContextOf(context).caller.id,
    key: checkKey(key, "idempotency_key"),
    hash: hashOf({ pattern, data }),
  }
}

/** The validation of the message refuses anything else. */
function isNameOrAbsent(name: unknown): boolean {
  if (name === undefined || name === null) return true
  return typeof name === "string" && name.length <= NAME_LENGTH && !name.includes("\0")
}

function markReplayed(context: ExecutionContext): void {
  if (context.getType() === "http") {
    void context.switchToHttp().getResponse<FastifyReply>().header(REPLAYED_HEADER, "true")
  }
}
