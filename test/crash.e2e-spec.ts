import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { builtService } from "./support/built.js"
import { newCollection } from "./support/crash-cases.js"
import { CrashSweep, firstWords, type Halted } from "./support/crash-sweep.js"
import { crashSuite, killEverywhere } from "./support/crash-suite.js"
import { TEST_DATABASE_URL } from "./support/database.js"
import { EXTENT } from "./support/extent.js"
import { FakeBank, serveBank } from "./support/fake-provider.js"
import { BankProcessor } from "./support/processor.js"
import { describeServed, onEmbedded } from "./support/served.js"

const onServed = describeServed("claims of dead processes that end, kills at every boundary of a mark as paid")

const bank = new FakeBank()
const servedBank = await serveBank(bank)
const sweep = new CrashSweep(new BankProcessor(bank, servedBank.url))
const { capture, refund, markAsPaid } = sweep.useCases

beforeAll(async () => {
  await builtService()
  await sweep.start()
}, 180_000)
beforeEach(async () => {
  bank.reset()
  await sweep.makeFit()
})
afterAll(async () => {
  await sweep.close()
  await servedBank.close()
})

crashSuite(sweep)

describe("W13: money that moves while the process dies", () => {
  const deaths = [
    ["capture", "die_before"],
    ["capture", "die_after"],
    ["refund", "die_before"],
    ["refund", "die_after"],
  ] as const
  it.each(EXTENT.isFull && TEST_DATABASE_URL ? deaths : deaths.slice(0, 2))(
    "%s, %s: it is written down, and moves once",
    async (kind, behaviour) => {
      const useCase = kind === "capture" ? capture : refund
      const subject = await useCase.prepare(sweep.service)
      bank.script(kind, behaviour)
      expect(await sweep.service.send(useCase.act(subject))).toBeUndefined()
      await sweep.service.dies()
      await sweep.service.start()
      await sweep.recover(useCase, [{ subject, at: behaviour }])
    },
  )

  onServed("on a real PostgreSQL", () => {
    it("nobody has to help: the claim of a dead process ends by itself", async () => {
      const hasty = sweep.another({ LEASE_DURATION: "5000" })
      await sweep.service.kill()
      await hasty.start()
      const subject = await capture.prepare(hasty)
      bank.script("capture", "die_after")
      expect(await hasty.send(capture.act(subject))).toBeUndefined()
      await hasty.dies()
      await hasty.start()
      await sweep.settles(hasty, [subject.id])
      await sweep.repeatAll(hasty, capture, [{ subject, at: "" }], { "": 1 })
      await hasty.kill()
    })
  })
})

// Every kill costs a start there, and statements are the same with every processor: one use case, with one of them.
onEmbedded("a process killed at every boundary, on the embedded database", () => {
  it("capture: the next process settles it", async () => {
    for (let at = 1, statement: string | undefined = ""; statement !== undefined; at += EXTENT.crashStride) {
      const subject = await capture.prepare(sweep.service)
      statement = await sweep.service.stop(capture.act(subject), at)
      await sweep.restart()
      await sweep.recover(capture, [{ subject, at: `${at}: ${firstWords(statement ?? "done")}` }])
    }
  }, 200_000)
})

describe("W31: mark as paid, when its capture fails", () => {
  const lineOf = async (halted: Halted) => Object.values(await sweep.linesOf(sweep.service, [halted]))

  it("is completed by the repeated request after a refusal", async () => {
    const subject = await newCollection(sweep.service)
    const halted = { subject, at: "" }
    bank.script("capture", "decline")
    expect(await sweep.service.send(markAsPaid.act(subject))).toMatchObject({ status: 422 })
    expect(await lineOf(halted)).toEqual([markAsPaid.steps[2]])
    expect(await sweep.service.send(markAsPaid.act(subject))).toMatchObject({ status: 200 })
    expect(await lineOf(halted)).toEqual([markAsPaid.steps[3]])
    expect(await sweep.problems(sweep.service, [halted])).toEqual([])
  })

  it("joins the capture whose answer stayed out", async () => {
    const subject = await newCollection(sweep.service)
    const halted = { subject, at: "" }
    bank.script("capture", "fail_after")
    expect(await sweep.service.send(markAsPaid.act(subject))).toMatchObject({ status: 504 })
    expect(await sweep.service.send(markAsPaid.act(subject))).toMatchObject({ status: 200 })
    expect(await lineOf(halted)).toEqual([markAsPaid.steps[3]])
    expect(await sweep.problems(sweep.service, [halted])).toEqual([])
  })
})

describe("W31: mark as paid is resumed by the repeated request", () => {
  onServed("on a real PostgreSQL", () => {
    it("whatever statement it had reached", async () => {
      await killEverywhere(sweep, markAsPaid)
    })
  })

  onEmbedded("on the embedded database", () => {
    it("whichever of its calls it was in", async () => {
      const halted: Halted[] = []
      for (const kind of markAsPaid.calls) halted.push(...(await sweep.haltInCalls(markAsPaid, kind)))
      await sweep.restart()
      await sweep.recover(markAsPaid, halted)
    })
  })
})
