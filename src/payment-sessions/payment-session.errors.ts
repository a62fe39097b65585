import { Conflict, type ErrorDocs } from "../common/errors.js"
import { StateConflict } from "../payment-providers/calls/call.errors.js"
import { formatMoney, type Money } from "../common/money.js"

/** The session is for another amount than is to be paid now. */
export class AmountChanged extends Conflict {
  static override readonly docs: ErrorDocs = {
    name: "amount_changed",
    when: "The session is for another amount than is to be paid by now. Create it again.",
    remedy: "Create the session again, then authorize it.",
    example: () => new AmountChanged({ minor: 4990n, currency: "eur" }, { minor: 5990n, currency: "eur" }),
  }

  constructor(session: Money, toPay: Money) {
    super(
      `The session is for ${formatMoney(session)}, but ${formatMoney(toPay)} ` +
        "is to be paid by now. Create the payment session again, then authorize it.",
      { code: "amount_changed" },
    )
  }
}

/** The session belongs to another customer than the cart now does. */
export class CustomerChanged extends Conflict {
  static override readonly docs: ErrorDocs = {
    name: "customer_changed",
    when: "The session belongs to another customer than the cart by now.",
    remedy: "Create the session again, then authorize it.",
    example: () => new CustomerChanged(),
  }

  constructor() {
    super(
      "The session belongs to another customer than the cart by now. Create the payment session again, then authorize it.",
      { code: "customer_changed" },
    )
  }
}

/** The session was canceled at its provider. */
export class SessionEnded extends StateConflict {
  static override readonly docs: ErrorDocs = {
    name: "session_ended",
    when: "The session was canceled at the provider.",
    remedy: "Create the session again, then authorize it.",
    example: () => new SessionEnded(),
  }

  constructor() {
    super(
      "The payment session has ended at the payment provider. Create the payment session again, then authorize it.",
      { code: "session_ended", retryable: false },
    )
  }
}
