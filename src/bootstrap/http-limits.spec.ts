import { afterEach, describe, expect, it, jest } from "@jest/globals"
import { Server } from "node:net"
import type { Logger } from "pino"
import { HTTP_LIMITS, limitConnections, serverOptions } from "./http-limits.js"

describe("an unfinished request", () => {
  it("ends within 35 seconds", () => {
    expect(HTTP_LIMITS.requestTimeout + HTTP_LIMITS.checkInterval).toBeLessThanOrEqual(35_000)
  })

  it("has no more time for its headers than for the whole, because Node would swap the two", () => {
    const { headersTimeout, requestTimeout } = serverOptions(HTTP_LIMITS)
    expect(headersTimeout).toBeLessThanOrEqual(requestTimeout)
  })
})

describe("connections above the limit", () => {
  afterEach(() => {
    jest.useRealTimers()
  })

  it("are logged once per second, with their number", () => {
    jest.useFakeTimers()
    const server = new Server()
    const warn = jest.fn()
    limitConnections(server, { warn } as Partial<Logger> as Logger, 7)
    expect(server.maxConnections).toBe(7)
    const drop = (times: number) => {
      for (let i = 0; i < times; i++) server.emit("drop")
    }
    drop(3)
    expect(warn).not.toHaveBeenCalled()
    jest.advanceTimersByTime(1_000)
    jest.advanceTimersByTime(5_000)
    drop(2)
    jest.advanceTimersByTime(1_000)
    expect(warn.mock.calls.map(([fields]) => fields)).toEqual([
      { dropped: 3, limit: 7 },
      { dropped: 2, limit: 7 },
    ])
  })
})
