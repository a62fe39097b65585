import { afterAll, describe, expect, it } from "@jest/globals"
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { DataFolderLock, FolderInUse, socketFolder } from "./data-folder-lock.js"

const root = mkdtempSync(join(tmpdir(), "lock-"))
afterAll(() => {
  rmSync(root, { recursive: true })
})

function newFolder(name: string): string {
  const folder = join(root, name)
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Leaves what a process leaves that was killed: a socket that nobody listens on. */
async function leaveDeadLock(folder: string, number: number): Promise<void> {
  const [from, to] = [join(folder, "alive"), join(folder, `lock.${number}`)]
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(from, resolve))
  linkSync(from, to)
  await new Promise((resolve) => server.close(resolve))
}

describe("the lock of a data folder", () => {
  it("belongs to one, who says who it is and does what it is asked", async () => {
    const folder = newFolder("one")
    expect(await DataFolderLock.request(folder, { a: 1 })).toBeUndefined()
    const lock = await DataFolderLock.acquire(folder)
    await expect(DataFolderLock.acquire(folder)).rejects.toThrow(`in use by process ${process.pid}`)
    expect(await DataFolderLock.request(folder, { a: 1 })).toEqual({
      error: "The service is still starting. Try again.",
    })
    lock.onRequest((request) => Promise.resolve({ asked: request }))
    expect(await DataFolderLock.request(folder, { a: 1 })).toEqual({ asked: { a: 1 } })
    lock.onRequest(() => Promise.reject(new Error("no")))
    expect(await DataFolderLock.request(folder, { a: 1 })).toEqual({ error: "no" })
    lock.release()
    expect(await DataFolderLock.request(folder, { a: 1 })).toBeUndefined()
    ;(await DataFolderLock.acquire(folder)).release()
  })

  it("of a dead owner goes to exactly one of many that want it at the same time", async () => {
    for (let round = 0; round < 20; round++) {
      const folder = newFolder(`dead-${round}`)
      await leaveDeadLock(folder, 7)
      const results = await Promise.allSettled(Array.from({ length: 6 }, () => DataFolderLock.acquire(folder)))
      const owners = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []))
      expect(owners).toHaveLength(1)
      expect(readdirSync(folder).filter((name) => name.startsWith("lock."))).toEqual(["lock.8"])
      for (const owner of owners) owner.release()
    }
  })

  it("works in a folder whose name is too long for a socket", async () => {
    const folder = newFolder("long/".repeat(40))
    const lock = await DataFolderLock.acquire(folder)
    await expect(DataFolderLock.acquire(folder)).rejects.toThrow(FolderInUse)
    const temporary = dirname(socketFolder(folder))
    expect(readdirSync(temporary)).toEqual(["data"])
    lock.release()
    expect(readdirSync(folder)).toEqual([])
    expect(existsSync(temporary)).toBe(false)
  })

  it("is a socket that only its owner can use, whatever the umask", async () => {
    const folder = newFolder("umask")
    const umask = process.umask(0)
    const lock = await DataFolderLock.acquire(folder).finally(() => process.umask(umask))
    expect(statSync(join(folder, "lock.1")).mode & 0o777).toBe(0o600)
    lock.release()
  })
})
