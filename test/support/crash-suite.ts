import { describe, expect, it } from "@jest/globals"
import { setTimeout as sleep } from "node:timers/promises"
import { createCollection, putCart, type Subject, type UseCase } from "./crash-cases.js"
import { freeClaims, problems, standings } from "./crash-checks.js"
import { livesWith, type Insist } from "./crash-lives.js"
import { eventually, expectEveryStep, firstWords, idsOf, type CrashSweep, type Halted } from "./crash-sweep.js"
import { TEST_DATABASE_URL } from "./database.js"
import { EXTENT, everyNth } from "./extent.js"
import { describeServed, onEmbedded } from "./served.js"

const onServed = describeServed("kills at every boundary of every use case")

/** What has to hold of every processor when the service's process dies. */
export function crashSuite(sweep: CrashSweep): void {
  const { processor, useCases } = sweep
  const { capture, refund } = useCases
  const swept = everyNth(useCases.all, EXTENT.crashStride)

  describe("a database that is lost", () => {
    it.each(TEST_DATABASE_URL ? [capture, refund] : [capture])("W13 $name: at every statement", async (useCase) => {
      const halted: Halted[] = []
      const answers: (number | undefined)[] = []
      for (let at = 1, isLost = true; isLost; at += EXTENT.crashStride) {
        const subject = await useCase.prepare(sweep.service)
        const { answer, statement } = await sweep.service.lose(useCase.act(subject), at)
        isLost = statement !== undefined
        halted.push({ subject, at: `${at}: ${isLost ? firstWords(statement ?? "") : "done"}` })
        answers.push(answer?.status)
      }
      expect(answers.pop()).toBe(200)
      for (const status of answers) expect([503, 504]).toContain(status)
      // Who is told that the service is not available may ask again: nothing was begun.
      const begun = await sweep.stepsBegun(sweep.service, halted)
      answers.forEach((status, index) => {
        const at = halted[index]?.at ?? ""
        if (status === 503) expect([at, begun[at]]).toEqual([at, 0])
      })
      await sweep.recover(useCase, halted)
    })
  })

  onServed("a process killed at every boundary, on a real PostgreSQL", () => {
    it.each(swept)("$name: the next process settles it", async (useCase) => {
      await killEverywhere(sweep, useCase)
    })

    it.each(
      everyNth(["capture an amount", "capture", "change the provider"], EXTENT.crashStride).map((name) =>
        useCases.named(name),
      ),
    )("$name: another instance settles it, while the clients repeat their requests there", async (useCase) => {
      const survivor = await sweep.another().start()
      const halted = await sweep.haltEverywhere(useCase)
      // The other instance is awake, and leaves alone what somebody is believed to be at.
      const touched = "SELECT id FROM payment_operation WHERE attempts > 0 AND payment_collection_id = ANY($1)"
      expect(await survivor.query(touched, [idsOf(halted)])).toEqual([])
      await sweep.service.kill()
      const begun = await sweep.stepsBegun(survivor, halted)
      expectEveryStep(useCase, begun)
      const inProgress = await sweep.inProgress(survivor, halted)
      await freeClaims(survivor)
      await sweep.repeatAll(survivor, useCase, halted, begun, inProgress)
      await survivor.kill()
    })
  })

  onServed("a process killed more than once, on a real PostgreSQL", () => {
    it("W13 whoever settles it may die of it too", async () => {
      const subject = await capture.prepare(sweep.service)
      await sweep.haltInCall(capture, subject, "capture", "before")
      for (const [kind, when] of [
        ["lookUp", "before"],
        ["lookUp", "after"],
        ["capture", "after"],
      ] as const) {
        await sweep.service.kill()
        const before = processor.count(kind)
        processor.hang(kind, when)
        await sweep.service.start()
        await freeClaims(sweep.service)
        await sweep.arrives(kind, before)
      }
      await sweep.restart()
      await sweep.recover(capture, [{ subject, at: "" }])
    })
  })

  onServed("a process killed under load, on a real PostgreSQL", () => {
    it.each(EXTENT.isFull ? [1, 2, 3] : [1])("20 clients go on where they were (round %i)", (round) =>
      killUnderLoad(sweep, round),
    )
  })

  // The data folder belongs to one process at a time and its one connection to one request: every kill costs a start, so
  // all are killed at once, in the middle of their calls.
  onEmbedded("a process killed on the embedded database", () => {
    it("every kind of operation, in the middle of its call", async () => {
      const halted = new Map<UseCase, Halted[]>()
      for (const useCase of swept) {
        for (const kind of useCase.calls) {
          halted.set(useCase, [...(halted.get(useCase) ?? []), ...(await sweep.haltInCalls(useCase, kind))])
        }
      }
      await sweep.restart()
      for (const [useCase, requests] of halted) await sweep.recover(useCase, requests)
    })
  })
}

export async function killEverywhere(sweep: CrashSweep, useCase: UseCase): Promise<void> {
  const halted = await sweep.haltEverywhere(useCase)
  await sweep.restart()
  const begun = await sweep.recover(useCase, halted)
  expectEveryStep(useCase, begun)
}

async function killUnderLoad(sweep: CrashSweep, round: number): Promise<void> {
  const { service, processor } = sweep
  const lives = livesWith(processor)
  const subjects: Subject[] = []
  let answered = 0
  let revive: () => void = () => {}
  const revived = new Promise<void>((resolve) => (revive = resolve))
  const insist: Insist = async (request, doneBefore = 200) => {
    for (;;) {
      const answer = await service.send(request)
      answered++
      if (answer?.status === 200 || answer?.status === doneBefore) return answer.body
      if (answer && ![409, 503, 504].includes(answer.status)) throw new Error(JSON.stringify({ request, answer }))
      await (answer ? sleep(50) : revived)
    }
  }
  const live = async (_: unknown, client: number) => {
    const cartId = `cart_load_${round}_${client}`
    await insist(putCart(cartId, 10))
    const created = await insist(createCollection(cartId))
    const id = created.payment_collection.id as string
    const subject = { cartId, id, sessionId: "", paymentId: "", operations: 0 }
    subjects.push(subject)
    return lives[client % lives.length]?.(insist, subject)
  }
  const underWay = Promise.allSettled(Array.from({ length: 20 }, live))
  const killedAfter = 5 + Math.floor(Math.random() * 90)
  await eventually(
    () => answered,
    (count) => count >= killedAfter,
  )
  await service.kill()
  await service.start()
  await freeClaims(service)
  const ids = subjects.map(({ id }) => id)
  await sweep.settles(service, ids)
  expect({ killedAfter, problems: await problems(service, processor, ids) }).toEqual({ killedAfter, problems: [] })
  revive()
  const ends = await underWay
  expect(ends.filter(({ status }) => status === "rejected")).toEqual([])
  const all = subjects.map(({ id }) => id)
  await sweep.settles(service, all)
  expect({ killedAfter, problems: await problems(service, processor, all) }).toEqual({ killedAfter, problems: [] })
  const seen = await standings(service, all)
  expect(all.map((id) => seen.get(id)?.line).sort()).toEqual(
    ends.map((end) => (end.status === "fulfilled" ? end.value : undefined)).sort(),
  )
}
