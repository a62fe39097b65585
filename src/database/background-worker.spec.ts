import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals"
import { Logger } from "@nestjs/common"
import { performance } from "node:perf_hooks"
import { BackgroundInterval, BackgroundWorker } from "./background-worker.js"

const INTERVAL = 1_000

/** Milliseconds until one that is woken looks. */
const SOON = 10

/** Works on a list in memory; a piece is through when the test says so. */
class TestWorker extends BackgroundWorker {
  readonly due: string[] = []
  readonly looks: number[] = []
  readonly started: string[] = []
  /** Thrown by the next look. */
  failure: Error | undefined
  private readonly ends = new Map<string, { finish: () => void; fail: (error: unknown) => void }>()

  finish(id: string): void {
    this.ends.get(id)?.finish()
  }

  fail(id: string, error: unknown): void {
    this.ends.get(id)?.fail(error)
  }

  protected claim(limit: number): Promise<string[]> {
    this.looks.push(limit)
    const { failure } = this
    this.failure = undefined
    return failure ? Promise.reject(failure) : Promise.resolve(this.due.splice(0, limit))
  }

  protected handle(id: string): Promise<void> {
    this.started.push(id)
    return new Promise((finish, fail) => {
      this.ends.set(id, { finish, fail })
    })
  }
}

const pieces = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `piece_${from + i}`)
const pass = (milliseconds = SOON) => jest.advanceTimersByTimeAsync(milliseconds)

let worker: TestWorker
let errors: unknown[]
/** The share of its time that the process was busy for. */
let utilization: number
beforeEach(() => {
  jest.useFakeTimers()
  errors = []
  utilization = 0.4
  jest.spyOn(performance, "eventLoopUtilization").mockImplementation(() => ({ idle: 0, active: 0, utilization }))
  jest.spyOn(Logger.prototype, "error").mockImplementation((error: unknown) => void errors.push(error))
  worker = new TestWorker(new BackgroundInterval(INTERVAL))
  worker.onApplicationBootstrap()
})
afterEach(() => {
  jest.useRealTimers()
  jest.restoreAllMocks()
})

describe("a background worker", () => {
  it("looks once per interval while there is nothing to do", async () => {
    await pass(INTERVAL - 1)
    expect(worker.looks).toEqual([])
    await pass(1 + 2 * INTERVAL)
    expect(worker.looks).toEqual([20, 20, 20])
  })

  it("that is woken looks soon, and then once per interval again", async () => {
    worker.due.push("piece")
    worker.wake()
    await pass()
    expect(worker.started).toEqual(["piece"])
    await pass(INTERVAL - 1)
    expect(worker.looks).toEqual([20])
    await pass(1)
    expect(worker.looks).toEqual([20, 19])
  })

  it("that is woken again and again looks once, and no later for it", async () => {
    for (let passed = 0; passed < SOON; passed++) {
      worker.wake()
      await pass(1)
    }
    expect(worker.looks).toEqual([20])
  })

  it("that is woken while it looks, looks again: work may have been announced too late for that look", async () => {
    worker.wake()
    jest.advanceTimersByTime(SOON)
    worker.wake()
    await pass()
    expect(worker.looks).toEqual([20, 20])
  })

  it("is at twenty pieces at most; each that is through makes room for the next", async () => {
    worker.due.push(...pieces(30))
    worker.wake()
    await pass()
    expect(worker.started).toEqual(pieces(20))
    worker.wake()
    await pass(INTERVAL / 2)
    expect(worker.started).toHaveLength(20)
    worker.finish("piece_3")
    await pass()
    expect(worker.started).toEqual(pieces(21))
    for (const id of pieces(20)) worker.finish(id)
    await pass()
    expect(worker.started).toEqual(pieces(30))
  })

  it("begins few at a time while the process is busy, whatever it is at; and all there is room for afterwards", async () => {
    utilization = 0.6
    worker.due.push(...pieces(30))
    worker.wake()
    await pass()
    expect(worker.started).toEqual(pieces(2))
    await pass(10 * SOON)
    expect(worker.started).toEqual(pieces(4))
    utilization = 0.4
    await pass(10 * SOON)
    expect(worker.started).toEqual(pieces(20))
    expect(worker.looks).toEqual([2, 2, 16])
  })

  it("logs a piece that fails, and continues", async () => {
    worker.due.push("one", "two")
    worker.wake()
    await pass()
    worker.fail("one", new Error("It broke"))
    worker.fail("two", "no error at all")
    await pass()
    expect(errors).toEqual(["one could not be handled: It broke", "two could not be handled: no error at all"])
    await pass(INTERVAL)
    expect(worker.looks).toEqual([20, 20])
  })

  it("logs a look that fails, and looks again after the interval", async () => {
    worker.failure = new Error("No database")
    worker.due.push("piece")
    worker.wake()
    await pass()
    expect([errors, worker.started]).toEqual([[new Error("No database")], []])
    await pass(INTERVAL)
    expect(worker.started).toEqual(["piece"])
  })

  it("that stops waits for the pieces in progress, and starts no new one", async () => {
    worker.due.push(...pieces(25))
    worker.wake()
    await pass()
    let isStopped = false
    const stopping = worker.beforeApplicationShutdown().then(() => (isStopped = true))
    worker.wake()
    for (const id of pieces(19)) worker.finish(id)
    await pass(10 * INTERVAL)
    expect([isStopped, worker.started.length, worker.looks.length]).toEqual([false, 20, 1])
    worker.finish("piece_19")
    await stopping
    await pass(10 * INTERVAL)
    expect(worker.looks).toHaveLength(1)
  })

  it("that is to stop while it looks waits for what that look has claimed", async () => {
    worker.due.push("piece")
    worker.wake()
    jest.advanceTimersByTime(SOON)
    let isStopped = false
    const stopping = worker.beforeApplicationShutdown().then(() => (isStopped = true))
    await pass()
    expect([isStopped, worker.started]).toEqual([false, ["piece"]])
    worker.finish("piece")
    await stopping
  })
})
