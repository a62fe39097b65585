import { DataSource } from "typeorm"
import { loadEnvFile, readConfig } from "./src/config.js"
import { dataSourceOptions, servedConnection } from "./src/database/data-source-options.js"
import { entities } from "./src/bootstrap/entities.js"

loadEnvFile()
const { databaseUrl, databasePoolSize } = readConfig()
if (!databaseUrl) throw new Error("Set DATABASE_URL: TypeORM's command line works on a PostgreSQL of its own.")

/** The data source of TypeORM's command line: the options that the service uses too. */
export default new DataSource(dataSourceOptions(servedConnection(databaseUrl, databasePoolSize), entities))
