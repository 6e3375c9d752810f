import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DBOS } from '@dbos-inc/dbos-sdk'
import { migrateDatabase, openDatabase, startEmbeddedPostgres } from '../../src/database/index.ts'
import { createLogger } from '../../src/primitives/index.ts'
import { TEMPLATE } from './test-database.ts'

/** An embedded PostgreSQL of one's own with a migrated template database, for a test run or a benchmark. */
export async function startTestServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'kinkeeper-tests-'))
  chmodSync(folder, 0o755) // root's server runs under another account, and would move elsewhere
  const logger = createLogger('error')
  const server = await startEmbeddedPostgres({ dataDir: folder, logger })
  const admin = openDatabase({ url: server.url, poolSize: 1, logger })
  await admin.pool.query(`create database ${TEMPLATE}`)
  const url = server.url.replace(/\/kinkeeper$/, `/${TEMPLATE}`)
  const template = openDatabase({ url, poolSize: 2, logger })
  await migrateDatabase(template)
  await DBOS.migrate(url)
  await template.close()
  await admin.close()
  return {
    url: server.url,
    async stop() {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
