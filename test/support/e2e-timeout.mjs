import { jest } from "@jest/globals"

// Long enough for a machine that is busy with something else.
jest.setTimeout(180_000)
