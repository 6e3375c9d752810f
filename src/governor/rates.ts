/**
 * Rates over all processes: one row for each bucket, which says when the next request is due. A request reserves its
 * moment in one statement and waits for it, so nobody polls and the order is that of asking.
 * https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import type { ProviderLimits } from '../connectors/contract.ts'
import { type Database, tables } from '../database/index.ts'

type Rate = NonNullable<ProviderLimits['rates']>[number]

export type Buckets = {
  /** Waits until every bucket that this request draws from allows it. */
  wait(
    provider: string,
    rates: readonly Rate[],
    request: { operation: string; subject?: string },
  ): Promise<void>
}

export function createBuckets(database: Database): Buckets {
  return {
    async wait(provider, rates, request) {
      for (const rate of rates) {
        if (rate.operations && !rate.operations.includes(request.operation)) continue
        const subject = rate.perSubject ? `/${request.subject ?? ''}` : ''
        const waitMs = await reserve(database, `${provider}/${rate.name}${subject}`, rate)
        if (waitMs > 0) await sleep(waitMs)
      }
    },
  }
}

/** Takes the next moment of a bucket. @returns milliseconds from now until it */
async function reserve(database: Database, key: string, rate: Rate): Promise<number> {
  const spacingUs = Math.ceil(60_000_000 / rate.perMinute)
  const now = sql`(extract(epoch from clock_timestamp()) * 1e6)::bigint`
  const { rows } = await database.db.execute<{ wait_ms: number }>(sql`
    insert into ${tables.rateBuckets} as bucket (key, due_us) values (${key}, ${now} + ${spacingUs}::bigint)
    on conflict (key) do update set due_us = greatest(bucket.due_us, ${now}) + ${spacingUs}::bigint
    returning ((due_us - ${spacingUs * rate.burst}::bigint - ${now}) / 1000.0)::float8 as wait_ms`)
  return Math.ceil(rows[0]?.wait_ms ?? 0)
}
