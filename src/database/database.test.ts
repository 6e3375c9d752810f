import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { createLogger } from '../primitives/index.ts'
import { type Database, isDatabaseUnavailable, openDatabase } from './index.ts'

let database: Database
let drop: () => Promise<void>

beforeAll(async () => {
  const test = await createTestDatabase()
  drop = test.drop
  database = openDatabase({ url: test.url, poolSize: 3, logger: createLogger('silent') })
})
afterAll(async () => {
  await database.close()
  await drop()
})

test('a connection that breaks between two statements of a transaction fails the transaction, not the process', async () => {
  const work = database.transaction(async (tx) => {
    const { rows } = await tx.db.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`)
    const gone = new Promise<void>((resolve) => tx.client.once('end', resolve))
    await database.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid])
    await gone // nothing of ours listens to this connection now: an error without a listener would end the process
    await tx.db.execute(sql`select 1`)
  })
  const error = await work.then(
    () => null,
    (failure: unknown) => failure,
  )
  expect(isDatabaseUnavailable(error)).toBe(true)
  expect((await database.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
})
