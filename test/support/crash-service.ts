import { fork, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { newToken } from "../../src/api-keys/api-key.rules.js"
import { builtSupport } from "./built.js"
import type { FromChild, ToChild } from "./crash-child.js"

/** A request, which the client repeats word by word when no answer comes. */
export interface Request {
  method: "POST" | "PUT" | "GET" | "DELETE"
  path: string
  /** Text is sent as it is, everything else as JSON. */
  body?: unknown
  headers?: Readonly<Record<string, string>>
  idempotencyKey?: string
}

export interface Answer {
  status: number
  headers: Headers
  body: any
}

const SCRIPTS = ["fake-bank", "fake-provider", "crash-child"]
const KEYS = { publishable: newToken("publishable"), secret: newToken("secret") }

let requests = 0

/** The service in a process of its own: it starts, is killed, and starts again on the same database. */
export class MortalService {
  /** A request stands still in it for good, and whatever that holds is held. */
  private isObstructed = false
  private child: ChildProcess | undefined
  private url = ""
  private queries = 0
  private output = ""

  /** @param env the database, the bank, and what else differs from a quiet service */
  constructor(private readonly env: Record<string, string>) {}

  /** Whether it runs, and nothing of an earlier test is in the way. */
  get isFit(): boolean {
    return this.child !== undefined && !this.isObstructed
  }

  async start(): Promise<this> {
    this.isObstructed = false
    const child = fork(join(await scriptFolder(), "crash-child.js"), {
      execArgv: [],
      env: {
        PATH: process.env["PATH"],
        PORT: "0",
        TCP_PORT: "0",
        LOG_LEVEL: "error",
        RECONCILER_INTERVAL: "50",
        // Longer than any test: no call that hangs ends by itself, and what a dead process had claimed is free when the test
        // says so.
        PROVIDER_TIMEOUT: "60000",
        LEASE_DURATION: "600000",
        DATABASE_POOL_SIZE: "32",
        BOOTSTRAP_PUBLISHABLE_KEY: KEYS.publishable,
        BOOTSTRAP_SECRET_KEY: KEYS.secret,
        ...this.env,
      },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    })
    child.setMaxListeners(0)
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => (this.output += String(data)))
    const [message] = (await Promise.race([once(child, "message"), once(child, "exit")])) as [FromChild | number | null]
    if (message === null || typeof message === "number" || !("ready" in message)) {
      throw new Error(`The service did not start: ${this.output}`)
    }
    this.child = child
    this.url = message.ready
    child.once("exit", () => {
      if (this.child === child) this.child = undefined
    })
    return this
  }

  /** As the operating system does it: no warning, nothing is finished. */
  async kill(): Promise<void> {
    this.child?.kill("SIGKILL")
    await this.dies()
  }

  async dies(): Promise<void> {
    if (this.child) await once(this.child, "exit")
  }

  /** Undefined where no answer came: the process is dead. */
  async send(request: Request, headers: Record<string, string> = {}): Promise<Answer | undefined> {
    const { method, path, body, idempotencyKey, headers: own } = request
    try {
      const response = await fetch(this.url + path, {
        method,
        headers: {
          ...(path.startsWith("/store/")
            ? { "x-publishable-api-key": KEYS.publishable }
            : { authorization: `Bearer ${KEYS.secret}` }),
          ...(body !== undefined && { "content-type": "application/json" }),
          ...(idempotencyKey !== undefined && { "idempotency-key": idempotencyKey }),
          ...own,
          ...headers,
        },
        body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
      })
      const text = await response.text()
      const isJson = response.headers.get("content-type")?.startsWith("application/json")
      return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
    } catch {
      return undefined
    }
  }

  /** The body of an answer that has to be 200. */
  async get(request: Request): Promise<any> {
    const answer = await this.send(request)
    if (answer?.status === 200) return answer.body
    throw new Error(`${request.method} ${request.path}: ${JSON.stringify(answer)} ${this.output}`)
  }

  /**
   * Stops the request for good before one of its statements, which is given; undefined when it got to its end.
   * @param over waits for what is done for the request after its answer, which can be stopped as well
   */
  async stop(request: Request, at: number, over?: () => Promise<unknown>): Promise<string | undefined> {
    const { reached, headers, forget } = this.await("x-stop-at", at)
    const ended = this.send(request, headers).then(async (answer): Promise<undefined> => {
      if (answer) await over?.()
    })
    const statement = await Promise.race([reached, ended])
    this.isObstructed ||= statement !== undefined
    forget()
    return statement
  }

  /** Takes the database away before it has told what became of a statement; that is given too, where there is one. */
  async lose(request: Request, at: number): Promise<{ answer: Answer | undefined; statement: string | undefined }> {
    const { reached, headers, forget } = this.await("x-lose-at", at)
    const answer = await this.send(request, headers)
    // What a process tells comes in its order.
    const statement = await Promise.race([reached, this.query("SELECT 1").then((): undefined => undefined)])
    forget()
    return { answer, statement }
  }

  /** Asks the database by way of the service: nobody else can reach the embedded one. */
  async query<T = any>(sql: string, parameters: unknown[] = []): Promise<T> {
    const child = this.running
    const query = this.queries++
    return new Promise((resolve, reject) => {
      const end = (message?: FromChild) => {
        if (message && (!("query" in message) || message.query !== query)) return
        child.off("message", end).off("exit", died)
        if (message && "rows" in message) resolve(message.rows as T)
        else reject(new Error(message && "error" in message ? message.error : "The process died"))
      }
      const died = () => {
        end()
      }
      child.on("message", end).once("exit", died)
      // Without this, a process that has died would be an error of nobody's.
      child.send({ query, sql, parameters } satisfies ToChild, (error) => {
        if (error) died()
      })
    })
  }

  /** @param header says what is to happen at which statement */
  private await(header: "x-stop-at" | "x-lose-at", at: number) {
    const id = `${header}-${requests++}`
    const child = this.running
    let listen: ((message: FromChild) => void) | undefined
    const reached = new Promise<string>((resolve) => {
      listen = (message) => {
        if ("reached" in message && message.reached === id) resolve(message.statement)
      }
      child.on("message", listen)
    })
    const forget = () => listen && child.off("message", listen)
    return { reached, forget, headers: { "x-request-id": id, [header]: String(at) } }
  }

  private get running(): ChildProcess {
    if (!this.child) throw new Error(`The service does not run: ${this.output}`)
    return this.child
  }
}

let folder: Promise<string> | undefined

/** Where the script of the process lies, compiled. */
async function scriptFolder(): Promise<string> {
  folder ??= builtSupport(...SCRIPTS)
  return folder
}
