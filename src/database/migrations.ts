import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import type { Database } from './database.ts'

const FOLDER = fileURLToPath(new URL('../../drizzle', import.meta.url))
/** Any number that is ours: processes that start together migrate one after the other. */
const MIGRATION_LOCK = 746_573_992

/** Runs work while no other process migrates: for those who keep tables of their own in this database. */
export async function withMigrationLock<T>(database: Database, work: () => Promise<T>): Promise<T> {
  const client = await database.pool.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    return await work()
  } finally {
    await client.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => {})
    client.release()
  }
}

/** Brings the schema up to date. Safe to call from many processes at once; a no-op when nothing is new. */
export async function migrateDatabase(database: Database): Promise<void> {
  await withMigrationLock(database, () =>
    migrate(drizzle(database.pool), {
      migrationsFolder: FOLDER,
      migrationsTable: 'kinkeeper_migrations',
      migrationsSchema: 'public',
    }),
  )
}
