import { InvalidData } from "../common/errors.js"
import { isRecord } from "../common/json.js"
import { API_KEY_TYPES, type ApiKey, type ApiKeyType } from "./api-key.entity.js"
import { isRevoked } from "./api-key.rules.js"
import { COMMAND_LINE, type ApiKeysService } from "./api-keys.service.js"

/** What `npm run keys` does; also as it asks the process that has the embedded database. */
export type KeyCommand =
  | { readonly command: "create"; readonly type: ApiKeyType; readonly title: string }
  | { readonly command: "list" }
  | { readonly command: "revoke"; readonly id: string }

/** What a command prints, one line each: of `create` the token, which is shown this once. */
export interface KeyCommandResult {
  readonly lines: readonly string[]
}

/** @throws ServiceError if the command is none, or its key does not exist or is revoked already */
export async function runKeyCommand(keys: ApiKeysService, request: unknown): Promise<KeyCommandResult> {
  const command = parseKeyCommand(request)
  switch (command.command) {
    case "create": {
      const { token } = await keys.create(command, COMMAND_LINE)
      return { lines: [token] }
    }
    case "list":
      return { lines: tableOf(await keys.newest()) }
    case "revoke": {
      const { id, title } = await keys.revoke(command.id, 0, COMMAND_LINE)
      return { lines: [`Revoked ${id} (${title}). Running services refuse it within ten seconds.`] }
    }
  }
}

function parseKeyCommand(request: unknown): KeyCommand {
  const { command, type: given, title, id } = isRecord(request) ? request : {}
  const type = API_KEY_TYPES.find((known) => known === given)
  if (command === "create" && type !== undefined && typeof title === "string") return { command, type, title }
  if (command === "list") return { command }
  if (command === "revoke" && typeof id === "string") return { command, id }
  throw new InvalidData("The running service is of another version and does not know this command. Restart it.")
}

const HEADINGS = ["ID", "TYPE", "KEY", "CREATED", "LAST USED", "STATE", "TITLE"]

function tableOf(keys: readonly ApiKey[]): string[] {
  const now = new Date()
  const rows = [HEADINGS, ...keys.map((key) => cellsOf(key, now))]
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  )
}

function cellsOf(key: ApiKey, now: Date): string[] {
  const { id, type, redacted, created_at, last_used_at, title } = key
  const state = isRevoked(key, now) ? "revoked" : "active"
  // A storefront sends its key with every request, so its use is not recorded; "-" would look as if nobody used it.
  const lastUse = last_used_at ? minuteOf(last_used_at) : type === "publishable" ? "not recorded" : "-"
  return [id, type, redacted, minuteOf(created_at), lastUse, state, oneLine(title)]
}

function minuteOf(time: Date): string {
  return `${time.toISOString().slice(0, 16)}Z`
}

function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ")
}
