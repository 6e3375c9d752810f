import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { type Database, openDatabase, tables } from '../database/index.ts'
import { createLogger } from '../primitives/index.ts'
import { createMember, takeSubscriptionNews } from './index.ts'

let database: Database
let drop: () => Promise<void>

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase({ url: created.url, poolSize: 2, logger: createLogger('silent') })
})
afterAll(async () => {
  await database.close()
  await drop()
})

const SECOND = Date.UTC(2026, 10, 22, 12)

/** Stripe's events of one second, in the order in which they came. @returns what is kept */
async function afterNews(statuses: readonly string[]): Promise<string | undefined> {
  await database.db.delete(tables.subscriptions)
  for (const status of statuses)
    await database.transaction(async (tx) => {
      const member = await createMember(tx, {}, SECOND)
      const periods = { periodStartMs: SECOND, periodEndMs: SECOND + 1, createdMs: SECOND, seenMs: SECOND }
      const ends = { cancelAtPeriodEnd: false, cancelAtMs: null, endedAtMs: null, endedForNonPayment: false }
      const news = { id: 'sub_1', customerId: 'cus_1', status, ...periods, ...ends }
      await takeSubscriptionNews(tx, news, member.id)
    })
  const [row] = await database.db.select().from(tables.subscriptions)
  return row?.status
}

test.each([
  [['incomplete', 'active'], 'active'],
  [['active', 'incomplete'], 'active'],
  [['trialing', 'incomplete'], 'trialing'],
  [['active', 'canceled'], 'canceled'],
  [['canceled', 'active'], 'canceled'],
  [['incomplete_expired', 'incomplete'], 'incomplete_expired'],
  [['active', 'past_due'], 'past_due'],
])('of one second, in the order %j: %s', async (statuses, kept) => {
  expect(await afterNews(statuses)).toBe(kept)
})
