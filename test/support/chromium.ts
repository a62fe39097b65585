import { describe } from "@jest/globals"
import { existsSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { chromium, type Browser, type Page } from "playwright-core"

const CHROMIUM = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium"
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]

export const hasChromium = existsSync(CHROMIUM)
if (!hasChromium) {
  console.warn(
    `LEFT OUT: the tests in a browser. There is no Chromium at ${CHROMIUM}: install it (Debian: apt-get install chromium), ` +
      "or set CHROMIUM_PATH.",
  )
}

/** Describes what is left out where there is no browser. */
export const inBrowser = hasChromium ? describe : describe.skip

export const launchChromium = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS })

/** A picture to look at, where TEST_SCREENSHOTS names a folder. */
export async function shoot(subject: Pick<Page, "screenshot">, name: string): Promise<void> {
  const folder = process.env["TEST_SCREENSHOTS"]
  if (!folder) return
  mkdirSync(folder, { recursive: true })
  await subject.screenshot({ path: join(folder, `${name}.png`) })
}
