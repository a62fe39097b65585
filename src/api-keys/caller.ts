import { createParamDecorator, type ExecutionContext } from "@nestjs/common"
import { callerOf, type Caller } from "../common/caller.js"

export type { Caller } from "../common/caller.js"

/** Injects who calls. */
export const CalledBy = createParamDecorator((_: unknown, context: ExecutionContext): Caller => callerOf(context))
