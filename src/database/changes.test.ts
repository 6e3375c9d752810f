import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { createLogger } from '../primitives/index.ts'
import {
  announceChange,
  type Change,
  type ChangeFeed,
  type Database,
  openChangeFeed,
  openDatabase,
} from './index.ts'

const logger = createLogger('silent')
const WAIT = { timeout: 20_000, interval: 50 }
let database: Database
let feed: ChangeFeed
let drop: () => Promise<void>

beforeAll(async () => {
  const test = await createTestDatabase()
  drop = test.drop
  database = openDatabase({ url: test.url, poolSize: 3, logger })
  feed = openChangeFeed({ url: test.url, logger })
})
afterAll(async () => {
  await feed.close()
  await database.close()
  await drop()
})

test('who listens hears what was committed, and everything after the connection was gone', async () => {
  const heard: Change[] = []
  feed.subscribe((change) => heard.push(change))
  const announced = { topic: 'member', id: 'mem_1' } as const
  await vi.waitFor(async () => {
    await database.transaction((tx) => announceChange(tx, announced))
    expect(heard).toContainEqual(announced)
  }, WAIT)

  heard.length = 0
  await database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and query like 'listen %'`,
  )
  await vi.waitFor(() => {
    for (const topic of ['inbox', 'member', 'provider', 'dead-letter'])
      expect(heard).toContainEqual({ topic, id: null })
  }, WAIT)
})
