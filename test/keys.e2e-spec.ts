import { afterEach, beforeAll, expect, it } from "@jest/globals"
import { spawnSync } from "node:child_process"
import { copyFileSync, existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs"
import { join, resolve } from "node:path"
import { builtService } from "./support/built.js"
import { createDatabase, createEmptyServed, newDataFolder, TEST_DATABASE_URL } from "./support/database.js"
import { ServiceProcess } from "./support/process.js"
import { describeServed, onEmbedded } from "./support/served.js"

const running: ServiceProcess[] = []
beforeAll(builtService, 180_000)
afterEach(async () => {
  for (const process of running.splice(0)) await process.kill("SIGKILL")
})

const CREATE = ["create", "--type", "secret", "--title", "ops"]

async function start(env: Record<string, string>): Promise<ServiceProcess> {
  const service = await ServiceProcess.spawn("main", { PORT: "0", TCP_PORT: "0", ...env })
  running.push(service)
  return service
}

/** Runs the command to its end. */
async function keys(env: Record<string, string>, ...args: string[]) {
  const command = await ServiceProcess.spawn("cli/keys", env, args)
  const code = await command.ends()
  return { code, stdout: command.stdout, stderr: command.output.replace(command.stdout, "") }
}

/** Creates, lists and revokes a key by the command. */
async function rehearse(env: Record<string, string>, database: string) {
  const created = await keys(env, ...CREATE)
  expect(created).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^sk_[0-9a-f]{64}\n$/),
    stderr: `Database: ${database}\n`,
  })
  const token = created.stdout.trim()
  const list = async () => {
    const { code, stdout } = await keys(env, "list")
    expect([code, stdout.includes(token)]).toEqual([0, false])
    return stdout.split("\n").find((line) => line.includes(token.slice(-3))) ?? ""
  }
  const listed = await list()
  expect(listed).toMatch(/^apk_\w{26} +secret +sk_\w{3}\*\*\*\w{3} .* active +ops$/)
  const [id = ""] = listed.split(" ")
  return {
    token,
    revoke: async () => {
      expect(await keys(env, "revoke", id)).toMatchObject({
        code: 0,
        stdout: `Revoked ${id} (ops). Running services refuse it within ten seconds.\n`,
      })
      expect(await list()).toMatch(/ revoked +ops$/)
      expect(await keys(env, "revoke", id)).toMatchObject({
        code: 1,
        stdout: "",
        stderr: expect.stringContaining(`The API key ${id} is already revoked.\n`),
      })
    },
  }
}

const statusWith = async (url: string, token: string) =>
  (await fetch(`${url}/admin/api-keys`, { headers: { authorization: `Bearer ${token}` } })).status

onEmbedded("npm run keys on the embedded database", () => {
  it("creates, lists and revokes keys while the service runs, and after it stopped", async () => {
    const DATA_DIR = newDataFolder()
    const name = `embedded, in ${DATA_DIR}`
    const first = await start({ DATA_DIR })
    const { url } = await first.started()
    const whileRunning = await rehearse({ DATA_DIR }, name)
    expect(await statusWith(url, whileRunning.token)).toBe(200)
    await whileRunning.revoke()
    // The running service did it, so it knows immediately.
    expect(await statusWith(url, whileRunning.token)).toBe(401)
    await first.kill("SIGTERM")

    const whileStopped = await rehearse({ DATA_DIR }, name)
    const second = await start({ DATA_DIR })
    expect(await statusWith((await second.started()).url, whileStopped.token)).toBe(200)
  })

  it.each(["does not exist", "is empty"])("refuses to create a database if the data folder %s", async (state) => {
    const DATA_DIR = newDataFolder()
    if (state === "is empty") mkdirSync(DATA_DIR, { mode: 0o700, recursive: true })
    expect(await keys({ DATA_DIR }, ...CREATE)).toEqual({
      code: 1,
      stdout: "",
      stderr:
        `Database: embedded, in ${DATA_DIR}\n` +
        `There is no database in ${DATA_DIR}. Set DATA_DIR to the data folder of the service, or DATABASE_URL to its PostgreSQL; a new service creates its database when it starts.\n`,
    })
    expect(existsSync(DATA_DIR) ? readdirSync(DATA_DIR) : []).toEqual([])
  })

  it("says that a key does not exist", async () => {
    const DATA_DIR = newDataFolder()
    await (await start({ DATA_DIR })).started()
    const { code, stderr } = await keys({ DATA_DIR }, "revoke", "apk_nope")
    expect(code).toBe(1)
    expect(stderr).toContain("\nAPI Key with id: apk_nope was not found\n")
  })

  it.each([
    [["create"]],
    [["create", "--type", "other", "--title", "x"]],
    [["create", "--type", "secret", "--title", " "]],
    [["list", "x"]],
    [["revoke"]],
    [["revoke", "apk_1", "apk_2"]],
    [["--nope"]],
    [[]],
  ])("explains itself: %j", async (args) => {
    const { code, stdout, stderr } = await keys({ DATA_DIR: newDataFolder() }, ...args)
    expect([code, stdout]).toEqual([1, ""])
    expect(stderr).toMatch(
      /^Usage: npm run keys -- create --type secret\|publishable --title <what it is for>\n +npm run keys -- list\n +npm run keys -- revoke <id>\n/,
    )
  })
})

const onServed = describeServed("npm run keys on a real PostgreSQL")

onServed("npm run keys on a real PostgreSQL", () => {
  it("creates, lists and revokes keys, and prints no password", async () => {
    const { connection, drop } = await createDatabase()
    const url = new URL(connection.url ?? "")
    url.password = "hunter2"
    const words = `PostgreSQL, ${url.pathname.slice(1)} on ${url.hostname}:${url.port} (DATABASE_URL)`
    const { revoke } = await rehearse({ DATABASE_URL: url.toString() }, words)
    await revoke()
    await drop()
  })

  it("refuses a database that is not one of the service, and leaves it as it is", async () => {
    const { connection, drop } = await createEmptyServed(TEST_DATABASE_URL ?? "")
    const env = { DATABASE_URL: connection.url ?? "" }
    for (const args of [CREATE, ["list"]]) {
      const { code, stdout, stderr } = await keys(env, ...args)
      expect([code, stdout]).toEqual([1, ""])
      expect(stderr).toMatch(/\nThis database is not one of this service: it has no schema\. Check DATABASE_URL; .*\n$/)
    }
    await drop()
  })
})

onEmbedded("a command before the build", () => {
  it.each([
    ["start:prod", "main"],
    ["keys", "cli/keys"],
  ])("npm run %s ends in one line that says how to build", (script, name) => {
    const folder = newDataFolder()
    mkdirSync(folder, { recursive: true })
    for (const file of ["package.json", "launch.mjs", ".npmrc"]) copyFileSync(file, join(folder, file))
    const options = { cwd: folder, encoding: "utf8", shell: false } as const
    const { status, stdout, stderr } = spawnSync("npm", ["run", "--silent", script], options)
    expect({ status, stdout, stderr }).toEqual({
      status: 1,
      stdout: "",
      stderr: `There is no ${join(folder, "dist/src", name)}.js. Build the service first: npm run build\n`,
    })
  })

  it("is no obstacle after it: signals and arguments reach the service", async () => {
    const folder = newDataFolder()
    mkdirSync(join(folder, "dist"), { recursive: true })
    for (const file of ["package.json", "launch.mjs"]) copyFileSync(file, join(folder, file))
    symlinkSync(join(await builtService(), "src"), join(folder, "dist/src"))
    const usage = spawnSync(process.execPath, [resolve(folder, "launch.mjs"), "cli/keys", "list", "x"], {
      encoding: "utf8",
    })
    expect(usage.stderr).toMatch(/^Usage: npm run keys/)
  })
})
