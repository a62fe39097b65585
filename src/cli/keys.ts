import "../database/embedded/private-files.js"
import { existsSync } from "node:fs"
import { parseArgs } from "node:util"
import { DataSource } from "typeorm"
import { API_KEY_TYPES } from "../api-keys/api-key.entity.js"
import { ApiKey } from "../api-keys/api-key.entity.js"
import { ApiKeysService } from "../api-keys/api-keys.service.js"
import { runKeyCommand, type KeyCommand, type KeyCommandResult } from "../api-keys/key-commands.js"
import { KeyRing } from "../api-keys/key-ring.js"
import { ConfigError, loadEnvFile, readConfig } from "../config.js"
import { dataSourceOptions, servedConnection, type DatabaseConnection } from "../database/data-source-options.js"
import { ownDataFolder } from "../database/embedded/data-folder.js"
import { DataFolderLock } from "../database/embedded/data-folder-lock.js"
import { databaseNameOf, describeDatabase } from "../database/database-name.js"
import { EmbeddedPostgres, hasEmbeddedDatabase } from "../database/embedded/embedded-postgres.js"
import { assertMigrated } from "../database/migrate.js"
import { entities } from "../bootstrap/entities.js"
import { explainFailure } from "../bootstrap/start-errors.js"

const USAGE = `Usage: npm run keys -- create --type secret|publishable --title <what it is for>
       npm run keys -- list
       npm run keys -- revoke <id>
It works on the database of DATABASE_URL, or on the embedded one in DATA_DIR, whether the service runs or not.`

/** Characters of a title, as over HTTP. */
const TITLE_LENGTH = 255

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${explainFailure(error, "The command failed")}\n`)
  process.exitCode = 1
}

/** Prints only the result on standard output, so that a script can use the token of a new key. */
async function main(args: string[]): Promise<void> {
  const command = parse(args)
  loadEnvFile()
  const config = readConfig()
  const { databaseUrl, dataDir } = config
  process.stderr.write(`Database: ${describeDatabase(databaseNameOf(config))}\n`)
  const { lines } = databaseUrl
    ? await runIn(servedConnection(databaseUrl, 1), command)
    : await runEmbedded(dataDir, command)
  process.stdout.write(`${lines.join("\n")}\n`)
}

async function runIn(connection: DatabaseConnection, command: KeyCommand): Promise<KeyCommandResult> {
  const options = dataSourceOptions(connection, entities)
  await assertMigrated(options)
  const dataSource = await new DataSource(options).initialize()
  try {
    const keys = dataSource.getRepository(ApiKey)
    return await runKeyCommand(new ApiKeysService(keys, new KeyRing(keys)), command)
  } finally {
    await dataSource.destroy()
  }
}

/** Lets the service that owns the embedded database run the command. If none runs, this process opens the database. */
async function runEmbedded(dataDir: string, command: KeyCommand): Promise<KeyCommandResult> {
  const answer = existsSync(dataDir) ? await DataFolderLock.request(ownDataFolder(dataDir), command) : undefined
  if (answer !== undefined) return resultOf(answer)
  if (!hasEmbeddedDatabase(dataDir)) {
    throw new ConfigError(
      `There is no database in ${dataDir}. Set DATA_DIR to the data folder of the service, or DATABASE_URL to its PostgreSQL; a new service creates its database when it starts.`,
    )
  }
  const embedded = await EmbeddedPostgres.start(dataDir)
  try {
    return await runIn(embedded.connection, command)
  } finally {
    await embedded.stop()
  }
}

function resultOf(answer: unknown): KeyCommandResult {
  const { lines, error } = answer as { lines?: string[]; error?: string }
  if (lines === undefined) throw new ConfigError(error ?? "The service gave no result. Restart it, then try again.")
  return { lines }
}

/** @throws ConfigError with the usage */
function parse(args: string[]): KeyCommand {
  const { positionals, values } = parsed(args)
  const [command, id, ...rest] = positionals
  const hasOptions = Object.keys(values).length > 0
  const type = API_KEY_TYPES.find((known) => known === values.type)
  const title = values.title?.trim()
  if (command === "create" && id === undefined && type && title) {
    if (title.length > TITLE_LENGTH) throw new ConfigError(`A title has at most ${TITLE_LENGTH} characters.`)
    return { command, type, title }
  }
  if (command === "list" && id === undefined && !hasOptions) return { command }
  if (command === "revoke" && id !== undefined && rest.length === 0 && !hasOptions) return { command, id }
  throw new ConfigError(USAGE)
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { type: { type: "string" }, title: { type: "string" } },
    })
  } catch {
    throw new ConfigError(USAGE)
  }
}
