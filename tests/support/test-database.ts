import { randomBytes } from 'node:crypto'
import pg from 'pg'

export const TEMPLATE = 'kinkeeper_template'
export type TestDatabase = { url: string; drop(): Promise<void> }

/** A new database copied from the run's migrated template; `drop` ends its connections and removes it. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { inject } = await import('vitest')
  return copyTemplate(inject('postgresUrl'))
}

/** The same, on a server given by hand. @param server connection string of its `kinkeeper` database */
export async function copyTemplate(server: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await asAdmin(server, `create database ${name} template ${TEMPLATE}`)
  return {
    url: server.replace(/\/kinkeeper$/, `/${name}`),
    drop: () => asAdmin(server, `drop database if exists ${name} with (force)`),
  }
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
