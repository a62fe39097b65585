import {
  authorize,
  deleteCollection,
  markAsPaid,
  ofPayment,
  openSession,
  putCart,
  type Subject,
} from "./crash-cases.js"
import type { Request } from "./crash-service.js"
import type { Processor } from "./processor.js"

/** Repeats a request until it is answered; 200, or what else says that it was done before. Gives the body. */
export type Insist = (request: Request, doneBefore?: number) => Promise<any>

/** What a client does with a collection; ends at where it has to stand in the end, see {@link Standing}. */
export type Life = (insist: Insist, subject: Subject) => Promise<string>

/** What clients do that pay with a processor. */
export function livesWith(processor: Processor): Life[] {
  const { usual, other } = processor.providers
  const session = async (insist: Insist, subject: Subject, providerId = usual): Promise<Subject> => {
    const answer = await insist(openSession(subject, providerId, processor.data.a))
    return { ...subject, sessionId: answer.payment_collection.payment_sessions[0].id as string }
  }
  const payment = async (insist: Insist, subject: Subject): Promise<Subject> => {
    processor.pays(subject.sessionId)
    const answer = await insist(authorize(subject))
    return { ...subject, paymentId: answer.payment_collection.payments[0].id as string }
  }
  const marked: Life = async (insist, subject) => {
    await insist(markAsPaid(subject, usual), 400)
    return "completed 1000 1000/1000/0"
  }
  return [
    async (insist, subject) => {
      const paid = await payment(insist, await session(insist, subject))
      await insist(ofPayment("capture", paid))
      await insist(ofPayment("refund", paid, 4, `refund-${subject.id}`))
      return "completed 1000 1000/1000/400"
    },
    async (insist, subject) => {
      await session(insist, subject)
      await insist(putCart(subject.cartId, 12))
      const paid = await payment(insist, await session(insist, subject))
      await insist(ofPayment("capture", paid, 3, `capture-${subject.id}`))
      await insist(ofPayment("cancel", paid))
      return "partially_captured 1200 300/300/0"
    },
    async (insist, subject) => {
      await session(insist, subject)
      const paid = await payment(insist, await session(insist, subject, other))
      await insist(ofPayment("capture", paid))
      return "completed 1000 1000/1000/0"
    },
    async (insist, subject) => {
      await session(insist, subject)
      await insist(deleteCollection(subject), 404)
      return "not_paid 1000 0/0/0 deleted"
    },
    ...(processor.needsShopper ? [] : [marked]),
  ]
}
