import { describe, expect, it } from "@jest/globals"
import { untilAborted } from "./abort.js"

const never = () => new Promise<never>(() => undefined)

describe("untilAborted", () => {
  it("returns what the call returns", async () => {
    await expect(untilAborted(AbortSignal.timeout(10_000), () => Promise.resolve(1))).resolves.toBe(1)
  })

  it("throws what the call throws, also before it returns a promise", async () => {
    const failing = () => {
      throw new Error("no promise")
    }
    await expect(untilAborted(AbortSignal.timeout(10_000), failing)).rejects.toThrow("no promise")
  })

  it("throws the signal's reason when it is aborted during the call", async () => {
    const controller = new AbortController()
    const running = untilAborted(controller.signal, never)
    controller.abort(new Error("too late"))
    await expect(running).rejects.toThrow("too late")
  })

  it("does not start the call when the signal is aborted already", async () => {
    let calls = 0
    const counted = () => Promise.resolve(++calls)
    await expect(untilAborted(AbortSignal.abort(new Error("too late")), counted)).rejects.toThrow("too late")
    expect(calls).toBe(0)
  })
})
