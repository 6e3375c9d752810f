/** The workspace's people, as Slack lists them, kept in `slack_people`; and the members among them, by e-mail address. */
import { and, count, eq, exists, isNull, ne, sql } from 'drizzle-orm'
import type { SlackPerson } from '../../connectors/membership-contract.ts'
import { announceChange, type Database, tables } from '../../database/index.ts'
import { seam } from '../../primitives/index.ts'
import type { MembershipParts } from '../membership/parts.ts'

const BATCH = 500

/** How far the reading has come, in this execution of the run. */
export type Reading = { cursor: string | null; done: boolean }

/** Reads every page and keeps what it says. To be called again after any error it throws: it goes on at the page that failed. */
export async function readWorkspace(parts: MembershipParts, runId: string, reading: Reading): Promise<void> {
  while (!reading.done) {
    const page = await parts.connectors.slackPeople.listPeople(reading.cursor)
    await keepPeople(
      parts,
      runId,
      page.items.filter(({ isBot }) => !isBot),
    )
    seam('slack-sync.after-page')
    reading.cursor = page.next
    reading.done = page.next === null
  }
}

/** Newcomers are those who were not there, or not active, at the last sync. */
async function keepPeople(parts: MembershipParts, runId: string, people: SlackPerson[]): Promise<void> {
  if (people.length === 0) return
  const { slackPeople } = tables
  const seenAt = new Date(parts.clock.now())
  const rows = people.map(({ id, email, name, deleted }) => ({
    id,
    email,
    name,
    state: deleted ? ('deactivated' as const) : ('active' as const),
    seenAt,
    seenIn: runId,
    // Whoever was deactivated before anybody looked has not left now.
    changedIn: deleted ? null : runId,
  }))
  await parts.database.db
    .insert(slackPeople)
    .values(rows)
    .onConflictDoUpdate({
      target: slackPeople.id,
      set: {
        email: sql`excluded.email`,
        name: sql`excluded.name`,
        state: sql`excluded.state`,
        seenAt: sql`excluded.seen_at`,
        seenIn: sql`excluded.seen_in`,
        changedIn: sql`case when (${slackPeople.state} = 'active') = (excluded.state = 'active')
          then ${slackPeople.changedIn} else excluded.seen_in end`,
      },
    })
}

/** Whom the workspace does not list any more is absent. */
export async function markAbsent(database: Database, runId: string): Promise<void> {
  const { slackPeople } = tables
  const gone = and(ne(slackPeople.seenIn, runId), ne(slackPeople.state, 'absent'))
  for (;;) {
    const { rowCount } = await database.db.execute(sql`
      update ${slackPeople} as person
      set state = 'absent', changed_in = case when person.state = 'active' then ${runId} else person.changed_in end
      where person.id in (select id from ${slackPeople} where ${gone} limit ${BATCH})`)
    if ((rowCount ?? 0) < BATCH) return
  }
}

/**
 * Gives every member the Slack user with their address: one who is active before one who is not. Changes only what
 * differs, a batch of members at a time.
 */
export async function matchMembers(database: Database, nowMs: number): Promise<void> {
  const { members, slackPeople } = tables
  let after: string | null = ''
  while (after !== null) {
    const from: string = after
    after = await database.transaction(async (tx) => {
      const { rows } = await tx.db.execute<{ last: string | null; looked: number; changed: number }>(sql`
        with batch as (
          select id, email from ${members} where id > ${from} and deleted_at is null order by id limit ${BATCH} for update),
        best as (
          select distinct on (person.email) person.email, person.id, person.state
          from ${slackPeople} as person join batch on batch.email = person.email
          order by person.email, person.state = 'active' desc, person.state = 'deactivated' desc, person.id),
        changed as (
          update ${members} as member
          set slack_user_id = best.id, slack_state = coalesce(best.state, 'absent'), updated_at = ${new Date(nowMs)}
          from batch left join best on best.email = batch.email
          where member.id = batch.id
            and (member.slack_user_id, member.slack_state) is distinct from (best.id, coalesce(best.state, 'absent'))
          returning member.id)
        select (select max(id) from batch) as last, (select count(*) from batch)::int as looked,
          (select count(*) from changed)::int as changed`)
      const [found] = rows
      if (found && found.changed > 0) await announceChange(tx, { topic: 'member', id: null })
      return found?.looked === BATCH ? found.last : null
    })
    seam('slack-sync.after-batch')
  }
}

/** Whether members have ever been looked for in the workspace, after the whole of it had been read. */
export async function wasMatchedBefore(database: Pick<Database, 'db'>): Promise<boolean> {
  const { members } = tables
  const [matched] = await database.db
    .select({ id: members.id })
    .from(members)
    .where(ne(members.slackState, 'unknown'))
    .limit(1)
  return matched !== undefined
}

export type WorkspaceCounts = { people: number; active: number; deactivated: number; absent: number }

/** `people`: those whom Slack lists, bots left out; the others are members by their Slack state. */
export async function countWorkspace(
  database: Pick<Database, 'db'>,
  runId: string,
): Promise<WorkspaceCounts> {
  const { members, slackPeople } = tables
  const people = await database.db.$count(slackPeople, eq(slackPeople.seenIn, runId))
  const states = await database.db
    .select({ state: members.slackState, members: count() })
    .from(members)
    .where(and(eq(members.membership, 'active'), isNull(members.deletedAt)))
    .groupBy(members.slackState)
  const of = (state: string) => states.find((row) => row.state === state)?.members ?? 0
  return { people, active: of('active'), deactivated: of('deactivated'), absent: of('absent') }
}

export type Change = { name: string; came: boolean; isMember: boolean }

/** Who came and who went, as this run saw it. */
export async function changesSeen(database: Pick<Database, 'db'>, runId: string): Promise<Change[]> {
  const { members, slackPeople } = tables
  const { db } = database
  const member = db
    .select({ id: members.id })
    .from(members)
    .where(
      and(eq(members.email, slackPeople.email), eq(members.membership, 'active'), isNull(members.deletedAt)),
    )
  return db
    .select({
      name: slackPeople.name,
      came: sql<boolean>`${slackPeople.state} = 'active'`,
      isMember: sql<boolean>`${exists(member)}`,
    })
    .from(slackPeople)
    .where(eq(slackPeople.changedIn, runId))
    .orderBy(slackPeople.name)
}
