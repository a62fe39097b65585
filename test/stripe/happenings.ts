import { authorize, ofPayment, putCart, type Subject } from "../support/crash-cases.js"
import type { MortalService } from "../support/crash-service.js"
import type { CrashSweep } from "../support/crash-sweep.js"
import type { StripeProcessor } from "./stripe-processor.js"

/** Something that has happened at Stripe, and of which only a webhook tells. */
export interface Happening {
  name: string
  /** Makes it happen to a new collection. */
  prepare: (service: MortalService) => Promise<Subject>
  /** Where the collection stands before the webhook is applied, and after. */
  steps: [before: string, after: string]
  /** The requests to Stripe that applying it takes, in that order. */
  asks: readonly string[]
}

export const ASKED = ["GET /v1/payment_intents/:id", "GET /v1/refunds"] as const

type Name = "paid" | "captured" | "refunded" | "refundFailed" | "paidLate"

export function happeningsWith({ useCases }: CrashSweep, processor: StripeProcessor): Record<Name, Happening> {
  const { stripe, providers, data } = processor
  const GIVEN_UP = "not_paid 1000 0/0/0"

  /** A card was refused, then the session could not follow its cart and was given up; the shopper has its page still. */
  const newLatePayment = async (service: MortalService): Promise<Subject> => {
    const subject = await useCases.newSession(service)
    const intent = processor.intentOf(subject.sessionId)
    stripe.pay(intent, "declined")
    await service.send(authorize(subject))
    stripe.faults.add("POST /v1/payment_intents/:id", "decline")
    await service.get(putCart(subject.cartId, 12))
    await service.get(putCart(subject.cartId, 10))
    stripe.pay(intent)
    return subject
  }

  return {
    paid: {
      name: "the shopper has paid",
      prepare: async (service) => {
        const subject = await useCases.newSession(service)
        processor.pays(subject.sessionId)
        return subject
      },
      steps: [`${GIVEN_UP} open ${providers.usual} 1000 ${data.a.return_url}`, "authorized 1000 1000/0/0"],
      asks: ASKED,
    },
    captured: {
      name: "captured at the dashboard",
      prepare: async (service) => {
        const subject = await useCases.newPayment(service)
        stripe.capture(processor.intentOf(subject.sessionId), 400, false)
        return subject
      },
      steps: ["authorized 1000 1000/0/0", "authorized 1000 1000/400/0"],
      asks: ASKED,
    },
    refunded: {
      name: "refunded at the dashboard",
      prepare: async (service) => {
        const subject = await useCases.newCapturedPayment(service)
        stripe.refund(processor.intentOf(subject.sessionId), 300)
        return subject
      },
      steps: ["completed 1000 1000/1000/0", "completed 1000 1000/1000/300"],
      asks: ASKED,
    },
    refundFailed: {
      name: "a refund of ours has failed afterwards",
      prepare: async (service) => {
        const subject = await useCases.newCapturedPayment(service)
        await service.get(ofPayment("refund", subject, 4))
        const [refund] = [...stripe.records.refunds.values()].slice(-1)
        stripe.failRefund(refund?.id ?? "")
        return subject
      },
      steps: ["completed 1000 1000/1000/400", "completed 1000 1000/1000/0"],
      asks: ASKED,
    },
    paidLate: {
      name: "the shopper has paid what was given up",
      prepare: newLatePayment,
      steps: [GIVEN_UP, GIVEN_UP],
      asks: [...ASKED, "POST /v1/payment_intents/:id/cancel"],
    },
  }
}
