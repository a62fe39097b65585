import type { Logger } from "typeorm"

/** Counts what reaches the database. */
export class StatementLog implements Logger {
  private statements: string[] = []

  /** The statements since the last call, without BEGIN, COMMIT and ROLLBACK. */
  take(): string[] {
    const taken = this.statements.filter((statement) => !/^(START TRANSACTION|BEGIN|COMMIT|ROLLBACK)/.test(statement))
    this.statements = []
    return taken
  }

  logQuery(query: string): void {
    this.statements.push(query)
  }

  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}
