import { Reflector } from "@nestjs/core"

/**
 * Says what the repeat of a request is answered, where that is not all that the first answer told: a secret that is told
 * once is kept nowhere.
 */
export const ReplayAs = Reflector.createDecorator<((answer: unknown) => unknown) | undefined>()
