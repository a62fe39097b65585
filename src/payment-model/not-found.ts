import { excerpt, NotFound } from "../common/errors.js"

// The refusals of ids that name nothing, in Medusa's words.

export function collectionNotFound(id: string): NotFound {
  return new NotFound(`PaymentCollection id not found: ${excerpt(id)}`)
}

export function sessionNotFound(id: string): NotFound {
  return new NotFound(`PaymentSession id not found: ${excerpt(id)}`)
}

export function paymentNotFound(id: string): NotFound {
  return new NotFound(`Payment with id: ${excerpt(id)} was not found`)
}

export function operationNotFound(id: string): NotFound {
  return new NotFound(`Operation id not found: ${excerpt(id)}`)
}
