import { InvalidData } from "../common/errors.js"
import { formatMoney, type Money } from "../common/money.js"

// The messages are Medusa's, verbatim; the details say what to do. The rules throw these errors under the lock, and
// constraints of the database stand for the same errors.

export class CaptureNotPositive extends InvalidData {
  constructor() {
    super("Capture amount must be greater than 0.")
  }
}

export class RefundNotPositive extends InvalidData {
  constructor() {
    super("Refund amount must be greater than 0.")
  }
}

export class CaptureTooLarge extends InvalidData {
  /** @param rest what can still be captured, if that is known */
  constructor(rest?: Money) {
    super("You cannot capture more than the authorized amount substracted by what is already captured.", {
      ...(rest && { details: [{ field: "amount", message: `At most ${formatMoney(rest)} can still be captured.` }] }),
    })
  }
}

export class RefundTooLarge extends InvalidData {
  /** @param rest what can still be refunded, if that is known */
  constructor(rest?: Money) {
    super("You are not allowed to refund more than the captured amount", {
      ...(rest && { details: [{ field: "amount", message: `At most ${formatMoney(rest)} can still be refunded.` }] }),
    })
  }
}
