import { Reflector } from "@nestjs/core"

/**
 * Declares the response to the repeat of a request, if it differs from the first: a secret that is shown once is not stored
 * anywhere.
 */
export const ReplayAs = Reflector.createDecorator<((response: unknown) => unknown) | undefined>()
