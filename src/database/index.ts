export { announceChange, type Change, type ChangeFeed, openChangeFeed } from './changes.ts'
export {
  checkServer,
  type Database,
  type Drizzle,
  isDatabaseUnavailable,
  onlyRow,
  openDatabase,
  readDatabaseClock,
  sqlState,
  type Transaction,
} from './database.ts'
export { postgresPrograms } from './embedded/binaries.ts'
export { type EmbeddedPostgres, runningEmbeddedPostgres, startEmbeddedPostgres } from './embedded/server.ts'
export { migrateDatabase, withMigrationLock } from './migrations.ts'
export type { QuestionItem } from './schema/automation.ts'
export type { FieldEdit, SubmissionStatus } from './schema/community.ts'
export * as tables from './schema/index.ts'
