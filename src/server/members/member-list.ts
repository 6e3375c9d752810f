import { and, desc, eq, ilike, inArray, isNotNull, isNull, type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { type Member, memberName } from '../../community/index.ts'
import { type Drizzle, tables } from '../../database/index.ts'
import type { RouteHandler } from '../access.ts'
import type { MemberPage, MemberSummary } from '../membership-contract.ts'
import type { ServerParts } from '../parts.ts'
import { emptyIsAbsent, PAGE_SIZE, readCursor, textSchema, writeCursor } from '../request.ts'
import { iso, type Standing, type Subscription, standingOf } from './standing.ts'

const { members, subscriptions } = tables

const querySchema = z.object({
  q: textSchema({ max: 200 }).optional(),
  membership: z.enum([...tables.MEMBERSHIPS, 'deleted']).optional(),
  slack: z.enum(tables.SLACK_STATES).optional(),
  problem: z.literal('1').optional(),
  cursor: z.string().optional(),
})
type Filter = Omit<z.infer<typeof querySchema>, 'cursor'>

/** `GET /api/members?q=&membership=&slack=&problem=1&cursor=`: newest first. */
export function listMembers(parts: ServerParts): RouteHandler {
  return async (context) => {
    const { db } = parts.database
    const { cursor: place, ...filter } = querySchema.parse(emptyIsAbsent(context.req.query()))
    const cursor = readCursor(place)
    const [found, counts] = await Promise.all([
      db
        .select()
        .from(members)
        .where(
          and(
            ...conditions(filter),
            cursor
              ? sql`(${members.createdAt}, ${members.id}) < (${cursor.at.toISOString()}::timestamptz, ${cursor.id})`
              : undefined,
          ),
        )
        .orderBy(desc(members.createdAt), desc(members.id))
        .limit(PAGE_SIZE + 1),
      count(db),
    ])
    const page = found.slice(0, PAGE_SIZE)
    const last = page.at(-1)
    return context.json<MemberPage>({
      items: await summarise(parts, page),
      nextCursor: last && found.length > PAGE_SIZE ? writeCursor(last.createdAt, last.id) : null,
      counts,
    })
  }
}

function conditions({ q, membership, slack, problem }: Filter): (SQL | undefined)[] {
  return [
    membership === 'deleted' ? isNotNull(members.deletedAt) : undefined,
    membership && membership !== 'deleted'
      ? and(eq(members.membership, membership), isNull(members.deletedAt))
      : undefined,
    slack ? eq(members.slackState, slack) : undefined,
    problem ? isNotNull(members.mailchimpProblem) : undefined,
    ...(q ? q.split(/\s+/).filter(Boolean).map(beginsAWord) : []),
  ]
}

/** A name, an e-mail address, or a word in one of them begins with it, whatever the case. */
function beginsAWord(word: string): SQL {
  const whole = sql`concat_ws(' ', '', ${members.firstName}, ${members.lastName}, ${members.email})`
  const words = sql`(${whole} || translate(${whole}, '@._+-''’', '       '))`
  return ilike(words, `% ${word.replaceAll(/[\\%_]/g, '\\$&')}%`)
}

async function count(db: Drizzle): Promise<MemberPage['counts']> {
  const deleted = sql<boolean>`${members.deletedAt} is not null`
  const troubled = sql<string>`count(${members.mailchimpProblem})`
  const rows = await db
    .select({ membership: members.membership, deleted, troubled, all: sql<string>`count(*)` })
    .from(members)
    .groupBy(members.membership, deleted)
  const counts = { none: 0, active: 0, ended: 0, deleted: 0, problem: 0 }
  for (const row of rows) {
    counts[row.deleted ? 'deleted' : row.membership] += Number(row.all)
    counts.problem += Number(row.troubled)
  }
  return counts
}

async function summarise(parts: ServerParts, page: readonly Member[]): Promise<MemberSummary[]> {
  if (page.length === 0) return []
  const rows = await parts.database.db
    .select()
    .from(subscriptions)
    .where(
      inArray(
        subscriptions.memberId,
        page.map(({ id }) => id),
      ),
    )
  const of = Map.groupBy<string | null, Subscription>(rows, ({ memberId }) => memberId)
  const nowMs = parts.clock.now()
  return page.map((member) =>
    viewMember(member, standingOf(member, of.get(member.id) ?? [], nowMs, parts.graceMs)),
  )
}

export function viewMember(member: Member, { word, entitlement }: Standing): MemberSummary {
  return {
    id: member.id,
    name: member.erasedAt ? 'An erased person' : memberName(member),
    email: member.email,
    membership: member.membership,
    standing: word,
    endsAt:
      member.membership === 'active' && entitlement.entitled && entitlement.endsAtMs !== null
        ? new Date(entitlement.endsAtMs).toISOString()
        : null,
    slack: member.slackState,
    memberSince: iso(member.memberSince),
    createdAt: member.createdAt.toISOString(),
    problem: member.mailchimpProblem,
  }
}
