import { parseArgs } from "node:util"
import { DataSource } from "typeorm"
import { API_KEY_TYPES } from "./api-keys/api-key.entity.js"
import { ApiKeysService } from "./api-keys/api-keys.service.js"
import { KeyRing } from "./api-keys/key-ring.js"
import { ConfigError, loadEnvFile, readConfig, type Config } from "./config.js"
import { dataSourceOptions, servedConnection, type DatabaseConnection } from "./database/data-source-options.js"
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
  const { type, title } = parse(args)
  loadEnvFile()
  const { connection, close } = await connect(readConfig())
  try {
    const options = dataSourceOptions({ ...connection, poolSize: 1 }, entities)
    await migrate(options)
    const dataSource = await new DataSource(options).initialize()
    const { token } = await new ApiKeysService(dataSource, new KeyRing(dataSource)).create(
      { type, title },
      "command line",
    )
    await dataSource.destroy()
    process.stdout.write(`${token}\n`)
  } finally {
    await close()
  }
}

function parse(args: string[]): { type: (typeof API_KEY_TYPES)[number]; title: string } {
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

/** The served database, the embedded one of a service that runs, or the embedded one that nobody runs now. */
async function connect({
  databaseUrl,
  dataDir,
}: Config): Promise<{ connection: DatabaseConnection; close: () => Promise<void> }> {
  if (databaseUrl) return { connection: servedConnection(databaseUrl, 1), close: () => Promise.resolve() }
  const running = await EmbeddedPostgres.runningIn(dataDir)
  if (running) return { connection: running, close: () => Promise.resolve() }
  const embedded = await EmbeddedPostgres.start(dataDir)
  return { connection: embedded.connection, close: () => embedded.stop() }
}
