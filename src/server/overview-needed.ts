import { sql } from 'drizzle-orm'
import type { ProviderMode, ProviderName } from '../connectors/contract.ts'
import type { Drizzle } from '../database/index.ts'
import type { ProviderStatus } from '../governor/index.ts'
import type { PersonNeeded } from './overview-contract.ts'

/** The kind of approval that is about a post; all others are questions. */
const POSTS = 'job-post'
/** Longer lists of names say less than the number does. */
const MOST_NAMES = 3

type Row = { kind: PersonNeeded['kind']; count: string; since: string | null; names: string[] | null }

/** What waits for a person, most pressing first; nothing of which there is none. Every part is read by an index. */
export async function listNeeded(
  db: Drizzle,
  statuses: readonly ProviderStatus[],
  modes: Record<ProviderName, ProviderMode>,
): Promise<PersonNeeded[]> {
  const { rows } = await db.execute<Row>(sql`
    select 'alerts' as kind, count(*) as count, extract(epoch from min(fired_at)) * 1000 as since,
      array_agg(distinct rule) as names from alerts where status <> 'resolved'
    union all
    select 'unknown_effects', count(*), extract(epoch from min(created_at)) * 1000, null
    from effects where status = 'unknown'
    union all
    select 'dead_letters', count(*), extract(epoch from min(failed_at)) * 1000, null
    from dead_letters where status = 'open'
    union all
    select case when kind = ${POSTS} then 'approvals' else 'questions' end, count(*),
      extract(epoch from min(opened_at)) * 1000, null
    from approvals where status = 'open' group by 1`)
  const away = statuses.filter(({ provider, breaker }) => breaker !== 'closed' && modes[provider] !== 'off')
  const found = [
    ...rows.map(({ kind, count, since, names }) => ({
      kind,
      count: Number(count),
      names: (names ?? []).slice(0, MOST_NAMES),
      since: since === null ? null : new Date(Math.round(Number(since))).toISOString(),
    })),
    breakersOf(away),
  ]
  return ORDER.flatMap((kind) => found.filter((each) => each.kind === kind && each.count > 0))
}

const ORDER: readonly PersonNeeded['kind'][] = [
  'alerts',
  'breakers',
  'unknown_effects',
  'dead_letters',
  'questions',
  'approvals',
]

function breakersOf(away: readonly ProviderStatus[]): PersonNeeded {
  const opened = away.flatMap(({ openedAtMs }) => openedAtMs ?? [])
  return {
    kind: 'breakers',
    count: away.length,
    names: away.map(({ provider }) => provider),
    since: opened.length === 0 ? null : new Date(Math.min(...opened)).toISOString(),
  }
}
