import { createParamDecorator, type ExecutionContext } from "@nestjs/common"
import { callerOf, type Caller } from "../api/request-context.js"

export type { Caller } from "../api/request-context.js"

/** Injects who calls. */
export const CalledBy = createParamDecorator((_: unknown, context: ExecutionContext): Caller => callerOf(context))
