/**
 * Checks the Dockerfile where there is no Docker: runs its own steps in an empty folder with the Node that it names, starts what
 * CMD says as an unprivileged user on the embedded database, and on a PostgreSQL if DATABASE_URL is set, and stops it.
 *
 * node test/image.mjs <folder of the binary `node`>
 */
import { execFileSync, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

/** As the user `node` of the official image. */
const USER = 1000

/** Milliseconds that a service has to get ready, and to stop. */
const DEADLINE = 90_000

const [bin] = process.argv.slice(2)
if (bin === undefined) throw new Error("Name the folder of the binary: node test/image.mjs <folder>")
const isRoot = process.getuid() === 0
if (!isRoot) console.warn("LEFT OUT: another user than this one, because only root can become one.")

const root = mkdtempSync(join(tmpdir(), "image-"))
chmodSync(root, 0o755)
try {
  const binary = installNode(resolve(bin), join(root, "bin"))
  const image = build(instructionsOf("Dockerfile"), binary)
  const { DATABASE_URL } = process.env
  await run(image, "the embedded database", {})
  if (DATABASE_URL) await run(image, "PostgreSQL", { DATABASE_URL })
} finally {
  rmSync(root, { recursive: true, force: true })
}

/** Copies the binary to where every user can run it. */
function installNode(from, to) {
  mkdirSync(to)
  cpSync(join(from, "node"), join(to, "node"), { dereference: true })
  return to
}

/** The instructions of a Dockerfile, continued lines joined. */
function instructionsOf(file) {
  const lines = readFileSync(file, "utf8")
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
  return lines.filter((line) => line.trim() !== "").map((line) => /^(\w+) (.*)$/.exec(line).slice(1))
}

/** Runs the instructions; each stage has a folder that stands for its root. */
function build(instructions, bin) {
  const stages = new Map()
  let stage
  const inStage = (path) => join(stage.root, path.startsWith("/") ? path : join(stage.workdir, path))
  const steps = {
    FROM(text) {
      const [, image, major, name] = /^(node):(\d+)\S*(?: AS (\w+))?$/.exec(text) ?? []
      const version = execFileSync(join(bin, "node"), ["--version"], { encoding: "utf8" }).trim()
      if (image === undefined || !version.startsWith(`v${major}.`))
        throw new Error(`FROM ${text}, but Node is ${version}.`)
      stage = { root: join(root, name ?? "image"), workdir: "/", env: {}, bin }
      mkdirSync(stage.root)
      stages.set(name ?? "image", stage)
    },
    WORKDIR(path) {
      stage.workdir = path
      mkdirSync(inStage(path), { recursive: true })
    },
    ENV(text) {
      for (const pair of text.split(" ")) stage.env[pair.split("=")[0]] = pair.split("=")[1]
    },
    COPY(text) {
      const [, from, paths] = /^(?:--from=(\w+) )?(.*)$/.exec(text)
      const sources = paths.split(" ")
      const target = sources.pop()
      for (const source of sources) {
        const to = target.endsWith("/") ? join(inStage(target), basename(source)) : inStage(target)
        cpSync(from ? join(stages.get(from).root, source) : source, to, { recursive: true, verbatimSymlinks: true })
      }
    },
    RUN(text) {
      // The image's root is a folder here, so that absolute paths lead into it.
      const command = text.replaceAll(/(?<=\s)\/(?=\w)/g, `${stage.root}/`).replaceAll("node:node", `${USER}:${USER}`)
      if (!isRoot && /chown/.test(command)) return
      const { status } = spawnSync("sh", ["-c", command], {
        cwd: inStage("."),
        env: { ...process.env, ...environment(stage), HOME: process.env.HOME },
        stdio: "inherit",
      })
      if (status !== 0) throw new Error(`RUN ${text} ended with ${status}.`)
    },
    USER(name) {
      stage.user = name
    },
    CMD(text) {
      stage.cmd = JSON.parse(text)
    },
    HEALTHCHECK(text) {
      stage.healthcheck = JSON.parse(/CMD (.*)$/.exec(text)[1])
    },
    VOLUME() {},
    EXPOSE() {},
  }
  for (const [name, text] of instructions) {
    if (!steps[name]) throw new Error(`This script does not know ${name}: teach it, or the image is not checked.`)
    console.log(`${name} ${text}`)
    steps[name](text)
  }
  if (stage.user !== "node") throw new Error("The image has to run as the user node.")
  if (stage.cmd?.[0] !== "node") throw new Error("CMD has to be node itself: a shell or npm would keep the signals.")
  return stage
}

function environment({ bin, env, root: folder }) {
  const values = Object.entries(env).map(([name, value]) => [name, value.startsWith("/") ? join(folder, value) : value])
  return { PATH: `${bin}:${process.env.PATH}`, HOME: root, ...Object.fromEntries(values) }
}

/** Starts CMD, waits until HEALTHCHECK is satisfied, and stops it with SIGTERM. */
async function run(image, name, more) {
  const port = String(20_000 + (process.pid % 20_000))
  const as = isRoot ? { uid: USER, gid: USER } : {}
  const options = { cwd: join(image.root, image.workdir), env: { ...environment(image), PORT: port, ...more }, ...as }
  const [command, ...args] = image.cmd
  const started = Date.now()
  const service = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] })
  let output = ""
  for (const stream of [service.stdout, service.stderr]) stream.on("data", (data) => (output += data))
  const ended = once(service, "close")
  const isHealthy = () => spawnSync(image.healthcheck[0], image.healthcheck.slice(1), options).status === 0
  while (!isHealthy()) {
    if (service.exitCode !== null || Date.now() - started > DEADLINE)
      throw new Error(`It is not ready on ${name}:\n${output}`)
    await sleep(200)
  }
  const ready = Date.now() - started
  if (isRoot && statSync(`/proc/${service.pid}`).uid !== USER) throw new Error("It runs as another user.")
  const { status, version } = await (await fetch(`http://127.0.0.1:${port}/health/live`)).json()
  const wanted = JSON.parse(readFileSync("package.json", "utf8")).version
  if (status !== "ok" || version !== wanted) throw new Error(`It is version ${version}, not ${wanted}.`)
  service.kill("SIGTERM")
  const [code] = await Promise.race([ended, sleep(DEADLINE, ["a deadline"], { ref: false })])
  if (code !== 0 || !output.includes('"reason":"SIGTERM"')) throw new Error(`It ended with ${code}:\n${output}`)
  console.log(`ready on ${name} after ${ready} ms, stopped by SIGTERM`)
}
