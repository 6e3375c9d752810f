import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import type { Database } from './database.ts'

const FOLDER = fileURLToPath(new URL('../../drizzle', import.meta.url))
/** Any number that is ours: processes that start together migrate one after the other. */
const MIGRATION_LOCK = 746_573_992

/** Brings the schema up to date. Safe to call from many processes at once; a no-op when nothing is new. */
export async function migrateDatabase(database: Database): Promise<void> {
  const client = await database.pool.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    await migrate(drizzle(client), {
      migrationsFolder: FOLDER,
      migrationsTable: 'kinkeeper_migrations',
      migrationsSchema: 'public',
    })
  } finally {
    await client.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => {})
    client.release()
  }
}
