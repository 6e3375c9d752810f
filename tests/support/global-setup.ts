import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DBOS } from '@dbos-inc/dbos-sdk'
import type { TestProject } from 'vitest/node'
import { migrateDatabase, openDatabase, startEmbeddedPostgres } from '../../src/database/index.ts'
import { createLogger } from '../../src/primitives/index.ts'
import { TEMPLATE } from './test-database.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string
  }
}

/** One embedded server for the whole test run, with a migrated template that every test database is copied from. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'kinkeeper-tests-'))
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
  project.provide('postgresUrl', server.url)
  return async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
