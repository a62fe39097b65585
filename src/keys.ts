import "./private-files.js"
import { existsSync } from "node:fs"
import { parseArgs } from "node:util"
import { DataSource } from "typeorm"
import type { CreateApiKeyRequest } from "./api-keys/api-key.dto.js"
import { API_KEY_TYPES } from "./api-keys/api-key.entity.js"
import { ApiKeysService, COMMAND_LINE } from "./api-keys/api-keys.service.js"
import { KeyRing } from "./api-keys/key-ring.js"
import { ConfigError, loadEnvFile, readConfig } from "./config.js"
import { dataSourceOptions, servedConnection, type DatabaseConnection } from "./database/data-source-options.js"
import { ownDataFolder } from "./database/data-folder.js"
import { DataFolderLock } from "./database/data-folder-lock.js"
import { EmbeddedPostgres } from "./database/embedded-postgres.js"
import { migrate } from "./database/migrate.js"
import { entities } from "./entities.js"
import { explainStartFailure } from "./start-failure.js"

const USAGE = "Usage: npm run keys -- create --type secret|publishable --title <what it is for>"

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${explainStartFailure(error)}\n`)
  process.exitCode = 1
}

/** Creates a key in the database of the service, whether the service runs or not, and prints its token. */
async function main(args: string[]): Promise<void> {
  const request = parse(args)
  loadEnvFile()
  const { databaseUrl, dataDir } = readConfig()
  const token = databaseUrl
    ? await createIn(servedConnection(databaseUrl, 1), request)
    : await createEmbedded(dataDir, request)
  process.stdout.write(`${token}\n`)
}

async function createIn(connection: DatabaseConnection, request: CreateApiKeyRequest): Promise<string> {
  const options = dataSourceOptions(connection, entities)
  await migrate(options)
  const dataSource = await new DataSource(options).initialize()
  try {
    const { token } = await new ApiKeysService(dataSource, new KeyRing(dataSource)).create(request, COMMAND_LINE)
    return token
  } finally {
    await dataSource.destroy()
  }
}

/** The service that has the embedded database makes the key; where none runs, this process has the database meanwhile. */
async function createEmbedded(dataDir: string, request: CreateApiKeyRequest): Promise<string> {
  const answer = existsSync(dataDir) ? await DataFolderLock.request(ownDataFolder(dataDir), request) : undefined
  if (answer !== undefined) return tokenOf(answer)
  const embedded = await EmbeddedPostgres.start(dataDir)
  try {
    return await createIn(embedded.connection, request)
  } finally {
    await embedded.stop()
  }
}

function tokenOf(answer: unknown): string {
  const { token, error } = answer as { token?: string; error?: string }
  if (token === undefined) throw new ConfigError(error ?? "The service did not make a key.")
  return token
}

function parse(args: string[]): CreateApiKeyRequest {
  let parsed
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: { type: { type: "string" }, title: { type: "string" } },
    })
  } catch {
    throw new ConfigError(USAGE)
  }
  const type = API_KEY_TYPES.find((known) => known === parsed.values.type)
  const { title } = parsed.values
  if (parsed.positionals.join(" ") !== "create" || !type || !title) throw new ConfigError(USAGE)
  return { type, title }
}
