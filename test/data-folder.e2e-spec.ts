import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals"
import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { builtService } from "./support/built.js"
import { newDataFolder } from "./support/database.js"
import { ServiceProcess } from "./support/process.js"
import { onEmbedded } from "./support/served.js"

/** Short, unlike the system's own on some systems: what the service makes in it is the short name of a socket's folder. */
const temporary = mkdtempSync("/tmp/payments-test-")
const running: ServiceProcess[] = []
beforeAll(builtService, 180_000)
afterEach(async () => {
  for (const process of running.splice(0)) await process.kill("SIGKILL")
})
afterAll(() => {
  rmSync(temporary, { recursive: true })
})

const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn("LEFT OUT: data folders of other users, because only root can make one.")
const onLinux = process.platform === "linux" ? it : it.skip
const asRoot = isRoot ? it : it.skip

async function start(DATA_DIR: string, script = "main", args: string[] = []): Promise<ServiceProcess> {
  const env = { DATA_DIR, TMPDIR: temporary, PORT: "0", TCP_PORT: "0", LOG_LEVEL: "warn" }
  const service = await ServiceProcess.spawn(script, env, args)
  running.push(service)
  return service
}

async function startAndWait(folder: string): Promise<ServiceProcess> {
  const service = await start(folder)
  await service.started()
  return service
}

const createKey = (folder: string) => start(folder, "cli/keys", ["create", "--type", "secret", "--title", "ops"])

/** The modes of the folder and of all that is in it, sockets too: each once. */
function modesIn(folder: string): Record<"folders" | "others", string[]> {
  const modes = { folders: new Set<string>(), others: new Set<string>() }
  const visit = (path: string) => {
    const found = lstatSync(path)
    modes[found.isDirectory() ? "folders" : "others"].add((found.mode & 0o777).toString(8))
    if (found.isDirectory()) for (const name of readdirSync(path)) visit(join(path, name))
  }
  visit(folder)
  return { folders: [...modes.folders], others: [...modes.others] }
}

function openToAll(path: string): void {
  const isFolder = lstatSync(path).isDirectory()
  chmodSync(path, isFolder ? 0o777 : 0o666)
  if (isFolder) for (const name of readdirSync(path)) openToAll(join(path, name))
}

const CLOSED = { folders: ["700"], others: ["600"] }

onEmbedded("the data folder", () => {
  it("and all in it, sockets too, is the user's alone under a umask of 000", async () => {
    const folder = newDataFolder()
    const umask = process.umask(0)
    const starting = startAndWait(folder)
    const service = await starting.finally(() => process.umask(umask))
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(["keys.json", "lock.1", "postgres", ".s.PGSQL.5432"]))
    expect(modesIn(folder)).toEqual(CLOSED)
    expect(await service.kill("SIGTERM")).toBe(0)
    expect(modesIn(folder)).toEqual(CLOSED)
  })

  it("that is open to other users is closed, with all that is in it", async () => {
    const folder = newDataFolder()
    await (await startAndWait(folder)).kill("SIGTERM")
    openToAll(folder)
    await startAndWait(folder)
    expect(modesIn(folder)).toEqual(CLOSED)
  })

  it("that existed before with mode 0755 is closed", async () => {
    const folder = newDataFolder()
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o755)
    await startAndWait(folder)
    expect(modesIn(folder)).toEqual(CLOSED)
  })

  it("behind a symbolic link is the one that is closed", async () => {
    const [folder, link] = [newDataFolder(), newDataFolder()]
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o755)
    symlinkSync(folder, link)
    const service = await startAndWait(link)
    expect((await service.started()).database).toEqual({ kind: "embedded", folder: link })
    expect(lstatSync(folder).mode & 0o777).toBe(0o700)
  })

  it("with a symbolic link in it is refused: what is written there may be another user's to read", async () => {
    const [folder, outside] = [newDataFolder(), newDataFolder()]
    for (const path of [folder, outside]) mkdirSync(path, { recursive: true })
    symlinkSync(join(outside, "keys"), join(folder, "keys.json.new"))
    const service = await start(folder)
    expect(await service.ends()).toBe(1)
    expect(service.output).toContain(`${join(folder, "keys.json.new")} is a symbolic link. Remove it`)
    expect(readdirSync(outside)).toEqual([])
  })

  asRoot("with another user's file in it is refused", async () => {
    const folder = newDataFolder()
    mkdirSync(join(folder, "postgres"), { recursive: true })
    chownSync(join(folder, "postgres"), 12345, 12345)
    const service = await start(folder)
    expect(await service.ends()).toBe(1)
    expect(service.output).toContain(`${join(folder, "postgres")} is of user 12345. Remove it`)
  })

  onLinux(
    "that cannot be created is refused in one line, where Node's recursive mkdir would try for ever",
    async () => {
      const service = await start("/proc/payments/data")
      expect(await service.ends()).toBe(1)
      expect(service.output).toMatch(
        /^The data folder \/proc\/payments\/data cannot be written \(ENOENT\)\. Set DATA_DIR .*\n$/,
      )
    },
  )

  asRoot("of another user is refused in one line by the service and by npm run keys, also behind a link", async () => {
    const [folder, link] = [newDataFolder(), newDataFolder()]
    mkdirSync(folder, { recursive: true })
    chownSync(folder, 12345, 12345)
    symlinkSync(folder, link)
    const refusal = `The data folder ${folder} belongs to user 12345, and this process runs as user 0. Run it as user 12345, give the folder to this one (chown -R 0 ${folder}), or set DATA_DIR to a folder of its own.\n`
    for (const process of [await start(folder), await start(link)]) {
      expect(await process.ends()).toBe(1)
      expect(process.output).toBe(refusal)
    }
    const keys = await createKey(folder)
    expect(await keys.ends()).toBe(1)
    expect(keys.output).toBe(`Database: embedded, in ${folder}\n${refusal}`)
    expect(readdirSync(folder)).toEqual([])
  })
})

onEmbedded("the temporary folder of a data folder whose name is too long for a socket", () => {
  it("is removed when the service stops, is refused, or creates a key", async () => {
    const folder = join(newDataFolder(), "long".repeat(30))
    const service = await startAndWait(folder)
    const made = readdirSync(temporary)
    expect(made).toEqual([expect.stringMatching(/^payments-/)])

    const second = await start(folder)
    expect(await second.ends()).toBe(1)
    expect(second.output).toContain("is in use by process")
    const whileRunning = await createKey(folder)
    expect(await whileRunning.ends()).toBe(0)
    expect(readdirSync(temporary)).toEqual(made)

    expect(await service.kill("SIGTERM")).toBe(0)
    expect(readdirSync(temporary)).toEqual([])
    const whileStopped = await createKey(folder)
    expect(await whileStopped.ends()).toBe(0)
    expect(readdirSync(temporary)).toEqual([])
    expect(readdirSync(folder).filter((name) => /^(lock|\.s)\./.test(name))).toEqual([])
  })

  it("is removed when a signal ends the start", async () => {
    const service = await start(join(newDataFolder(), "long".repeat(30)))
    // Until there is something to remove.
    while (readdirSync(temporary).length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await service.kill("SIGTERM")
    expect(readdirSync(temporary)).toEqual([])
  })
})
