/**
 * `member-import`: takes over the members that a community has already when it begins with Kinkeeper. It reads every
 * user of Clerk's and every subscription of Stripe's and treats each as news of a webhook, so that what follows is the
 * same. First the accounts, then the payments, the oldest first as their news came: a customer names the account that it
 * belongs to. Who is found to be a member is not welcomed, see `already.ts`. Repeating it changes nothing.
 */
import { eq, or, sql } from 'drizzle-orm'
import { z } from 'zod'
import { type Actor, recordAudit, SYSTEM } from '../../audit/index.ts'
import { type Transaction, tables } from '../../database/index.ts'
import {
  defineJob,
  type Job,
  type RunContext,
  type RunStarter,
  replayAfterOutage,
} from '../../engine/index.ts'
import { HOUR_MS, NeverRetryError, newId, systemNow } from '../../primitives/index.ts'
import type { MembershipParts } from '../membership/parts.ts'
import { countFound, type Settle, settleAsAlready } from './already.ts'
import { type PageTaken, type TakePage, takeSubscriptions, takeUsers } from './pages.ts'
import { describeImport, type MemberImportResult, MOST_PROBLEMS } from './result.ts'

export { describeImport, importResultSchema, type MemberImportResult } from './result.ts'

const inputSchema = z.object({
  importId: z.string().min(1),
  /** Machine time, epoch milliseconds: the community's may be another in the process that asks. */
  askedMachineMs: z.number(),
  /** Who asked in the dashboard; null: somebody at the command line. */
  by: z.object({ id: z.string(), name: z.string() }).nullable(),
})
type Input = z.infer<typeof inputSchema>
export type MemberImportJob = Job<Input>

const DEFINITION = {
  name: 'member-import',
  input: inputSchema,
  idempotencyKey: ({ importId }: Input) => importId,
  perKey: { key: () => 'all' },
  lane: 'maintenance',
}
/** What asking for an import needs of the job: also a process asks that could not do it. */
export const MEMBER_IMPORT_TO_START: MemberImportJob = defineJob({
  ...DEFINITION,
  async run() {
    throw new NeverRetryError('This process only asks for imports.')
  },
})

const LONGEST_MS = 6 * HOUR_MS
/** What the entry of the audit says; the command line finds the result by it. */
export const IMPORTED = 'imported the members that there were'

/** Asks for an import, in the caller's transaction. @returns the run's id */
export async function requestImport(
  tx: Transaction,
  starter: Pick<RunStarter, 'start'>,
  actor: Actor,
): Promise<{ runId: string }> {
  const by = actor.kind === 'system' ? null : { id: actor.id, name: actor.name }
  const input = { importId: newId('imp'), askedMachineMs: systemNow(), by }
  return { runId: await starter.start(tx, MEMBER_IMPORT_TO_START, input) }
}

/** What cannot be read, and what to set; empty when both can. */
function unreadableSources({ connectors, modes }: Pick<MembershipParts, 'connectors' | 'modes'>): {
  clerk: string | null
  stripe: string | null
} {
  const saying = (name: string, setting: string, isOff: boolean, canRead: boolean) =>
    isOff || !canRead ? `${name} ${isOff ? 'is off' : 'cannot be read'}: set ${setting}.` : null
  return {
    clerk: saying('Clerk', 'CLERK_SECRET_KEY', modes.clerk === 'off', connectors.clerk.canRead),
    stripe: saying('Stripe', 'STRIPE_API_KEY', modes.stripe === 'off', connectors.stripe.canRead),
  }
}

/** @param settle what follows from what is known of a member */
export function defineMemberImport(parts: MembershipParts, settle: Settle): MemberImportJob {
  return defineJob({
    ...DEFINITION,
    retry: { attempts: 20, giveUpAfterMs: LONGEST_MS },
    timeoutMs: LONGEST_MS,
    deadLetters: replayAfterOutage,
    async run(context, input) {
      const askedMs = await context.step(
        'note when it was asked for',
        async () => input.askedMachineMs + parts.clock.offsetMs(),
      )
      const taking = {
        settle: settleAsAlready(parts, settle, { id: input.importId, askedMs }),
        cause: { sourceEventId: input.importId, why: 'found by the import', runId: context.runId },
      }
      const off = unreadableSources(parts)
      const users = off.clerk
        ? NOTHING
        : await everyPage(context, 'users', (cursor) => takeUsers(parts, taking, cursor))
      const subscriptions = off.stripe
        ? NOTHING
        : await everyPage(context, 'subscriptions', (cursor) => takeSubscriptions(parts, taking, cursor))
      return finish(context, parts, input, {
        users: users.read,
        subscriptions: subscriptions.read,
        failed: users.failed + subscriptions.failed,
        problems: [...users.problems, ...subscriptions.problems].slice(0, MOST_PROBLEMS),
        off: [off.clerk, off.stripe].filter((each) => each !== null),
      })
    },
  })
}

type Read = { read: number; failed: number; problems: string[] }
const NOTHING: Read = { read: 0, failed: 0, problems: [] }

/** Each page is a step, whose record says where the next one begins. */
async function everyPage(context: RunContext, what: string, take: TakePage): Promise<Read> {
  const all: Read = { read: 0, failed: 0, problems: [] }
  let cursor: string | null = null
  for (let number = 1; ; number++) {
    const from: string | null = cursor
    const page: PageTaken & { more: number } = await context.call(`take over ${what} ${number}`, async () => {
      const { failed, ...rest } = await take(from)
      return { ...rest, failed: failed.slice(0, MOST_PROBLEMS), more: failed.slice(MOST_PROBLEMS).length }
    })
    all.read += page.read
    all.failed += page.failed.length + page.more
    all.problems = [...all.problems, ...page.failed].slice(0, MOST_PROBLEMS)
    cursor = page.next
    if (cursor === null) return all
    if (cursor === from)
      throw new NeverRetryError(
        `The list of ${what} does not go on: its pages say that they follow themselves.`,
      )
  }
}

async function finish(
  context: RunContext,
  parts: MembershipParts,
  { importId, by }: Input,
  read: Omit<MemberImportResult, 'members' | 'alreadyKnown' | 'asked'>,
): Promise<MemberImportResult> {
  return context.transaction('note what was found', async (tx) => {
    const { joined, known } = await countFound(tx, importId)
    const asked = await countQuestions(tx, importId)
    const result: MemberImportResult = { ...read, members: joined, alreadyKnown: known, asked }
    await recordAudit(tx, {
      atMs: parts.clock.now(),
      actor: by === null ? SYSTEM : { kind: 'dashboard', ...by },
      action: IMPORTED,
      target: { kind: 'community', id: 'members' },
      reason: describeImport(result).join(' '),
      detail: result,
      runId: context.runId,
    })
    return result
  })
}

/** Also those that the run asked before it was started again, under another id (`…~2`). */
async function countQuestions(tx: Transaction, importId: string): Promise<number> {
  const { questions } = tables
  const runId = `${DEFINITION.name}:${importId}`
  return tx.db.$count(
    questions,
    or(eq(questions.runId, runId), sql`starts_with(${questions.runId}, ${`${runId}~`})`),
  )
}
