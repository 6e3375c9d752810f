import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import type pg from 'pg'
import type { Database } from './database.ts'

const FOLDER = fileURLToPath(new URL('../../drizzle', import.meta.url))
/** Any number that is ours: processes that start together migrate one after the other. */
const MIGRATION_LOCK = 746_573_992
const LOOK_AGAIN_MS = 50

/** Runs work while no other process migrates: for those who keep tables of their own in this database. */
export async function withMigrationLock<T>(database: Database, work: () => Promise<T>): Promise<T> {
  const client = await database.pool.connect()
  try {
    while (!(await tryLock(client))) await delay(LOOK_AGAIN_MS)
    return await work()
  } finally {
    await client.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => {})
    client.release()
  }
}

/**
 * Asks instead of waiting inside PostgreSQL: a waiting statement is a transaction, and the indexes that are built
 * concurrently under this lock wait for all transactions, so the two would wait for each other for ever.
 */
async function tryLock(client: pg.PoolClient): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [
    MIGRATION_LOCK,
  ])
  return rows[0]?.locked === true
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
