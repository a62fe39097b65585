/** A control request that is not executed: 400 for wrong fields, 404 for unknown ids, 409 for a wrong state. */
export class ControlError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

export const badField = (message: string): ControlError => new ControlError(400, message)

/** The longest quote of what the client sent. */
const LONGEST_QUOTE = 80

/** A value of the client's for a message, cut to a bounded length. */
export function quoted(value: string | object | number | boolean | null): string {
  const text = JSON.stringify(value)
  return text.length <= LONGEST_QUOTE ? text : `${text.slice(0, LONGEST_QUOTE)}...`
}
