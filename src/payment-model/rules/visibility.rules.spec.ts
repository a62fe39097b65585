import { describe, expect, it } from "@jest/globals"
import { isInChannels } from "./visibility.rules.js"

describe("what belongs to a sales channel", () => {
  it.each([
    [null, [], true],
    ["sc_a", [], true],
    [null, ["sc_a"], true],
    ["", ["sc_a"], true],
    ["sc_a", ["sc_a", "sc_b"], true],
    ["sc_c", ["sc_a", "sc_b"], false],
  ])("%p is seen by a key with the channels %j: %p", (channel, salesChannelIds, seen) => {
    expect(isInChannels(channel, salesChannelIds)).toBe(seen)
  })
})
