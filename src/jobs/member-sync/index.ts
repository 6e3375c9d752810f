/**
 * `member-sync`: brings Mailchimp up to what is true of one member now. It reads the truth itself, so that runs in any
 * order end the same; the events only say that there is something to do. What it keeps to:
 *
 * - Consent: a contact's status is its own. Somebody new is `subscribed` as a member, `transactional` otherwise; only a
 *   contact that never was asked (transactional) or was put away by us (archived) is subscribed when they become a member.
 *   Who unsubscribed stays so. A member who lapsed is tagged `alumni` instead of `active`, never unsubscribed.
 * - The welcome journey goes out once in a member's life, through the effect ledger.
 */
import { and, eq, inArray, isNull, ne, or } from 'drizzle-orm'
import { z } from 'zod'
import { recordAudit, SYSTEM } from '../../audit/index.ts'
import { changeMember, lockMember, type Member, readMember } from '../../community/index.ts'
import { tables } from '../../database/index.ts'
import { defineJob, type Job, type RunContext } from '../../engine/index.ts'
import { MINUTE_MS, NeverRetryError, NotFoundError } from '../../primitives/index.ts'
import type { MembershipParts } from '../membership/parts.ts'
import {
  contactToMove,
  forgetAddresses,
  knownAddresses,
  MEMBER_TAG,
  noteAddress,
  putAway,
} from './addresses.ts'
import { type AsItWas, deadLetters, UPDATE, undoOf, WELCOME } from './afterwards.ts'

const memberSyncInput = z.object({
  memberId: z.string().min(1),
  sourceEventId: z.string().min(1),
  action: z.enum(['create', 'update', 'cancel']),
})
export type MemberSyncInput = z.infer<typeof memberSyncInput>
export type MemberSyncJob = Job<MemberSyncInput>

/** Beside `MEMBER_TAG`, what is ours to set; all other tags are left alone. */
const ALUMNI_TAG = 'alumni'

export function defineMemberSync(parts: MembershipParts): MemberSyncJob {
  return defineJob({
    name: 'member-sync',
    input: memberSyncInput,
    idempotencyKey: ({ memberId, sourceEventId }) => `${memberId}:${sourceEventId}`,
    perKey: { key: ({ memberId }) => memberId, rate: { runs: 100, periodMs: MINUTE_MS } },
    lane: 'members',
    retry: { attempts: 4 },
    timeoutMs: 5 * MINUTE_MS,
    deadLetters,
    undo: undoOf(parts),
    async run(context, input) {
      const outcome = await sync(context, parts, input)
      await finish(context, parts, input, outcome)
      return outcome.said
    },
    async onFailure(tx, { memberId }, error, runId) {
      if (!(await lockMember(tx, memberId))) return
      const atMs = parts.clock.now()
      await changeMember(tx, memberId, { mailchimpProblem: error.message }, atMs)
      await recordAudit(tx, {
        atMs,
        actor: SYSTEM,
        action: 'could not be synced to Mailchimp',
        target: { kind: 'member', id: memberId },
        reason: error.message,
        runId,
      })
    },
  })
}

type Change = 'none' | 'synced' | 'archived'
type Outcome = { said: string; change: Change; welcomed: boolean }
type Updated = { said: string; change: Change; welcome: boolean }

async function sync(context: RunContext, parts: MembershipParts, input: MemberSyncInput): Promise<Outcome> {
  if (parts.modes.mailchimp === 'off')
    return { said: 'Mailchimp is off; nothing to do', change: 'none', welcomed: false }
  const updated = await context.call(UPDATE, () =>
    bringUpToDate(parts, input.memberId, (asItWas) => context.note(UPDATE, asItWas)),
  )
  if (!updated.welcome) return { ...updated, welcomed: false }
  await welcome(context, parts, input.memberId)
  return { said: 'Updated and welcomed', change: 'synced', welcomed: true }
}

const GONE: Updated = {
  said: 'They are gone, or one with another member, by now',
  change: 'none',
  welcome: false,
}

type Note = (asItWas: AsItWas) => Promise<void>

async function bringUpToDate(parts: MembershipParts, memberId: string, note: Note): Promise<Updated> {
  const member = await readMember(parts.database, memberId).catch((error: unknown) => {
    if (error instanceof NotFoundError) return null // merged with another, who is synced on their own
    throw error
  })
  if (!member) return GONE
  if (member.deletedAt) return archive(parts, member)
  if (!member.email) return { said: 'There is no address yet', change: 'none', welcome: false }
  return update(parts, member, member.email, note)
}

async function archive(parts: MembershipParts, member: Member): Promise<Updated> {
  const addresses = knownAddresses(member)
  if (addresses.length === 0) return { said: 'Mailchimp never knew them', change: 'none', welcome: false }
  let gone = false // of the present one in the end
  for (const address of addresses) gone = await putAway(parts, address)
  await forgetAddresses(parts, member.id, member.mailchimpFormer ?? [])
  const said = gone ? 'Put away: the account is gone' : 'Somebody else has this address now'
  return { said, change: 'archived', welcome: false }
}

async function othersWith(parts: MembershipParts, member: Member, email: string): Promise<Member[]> {
  const { members } = tables
  return parts.database.db
    .select()
    .from(members)
    .where(and(eq(members.email, email), ne(members.id, member.id), isNull(members.deletedAt)))
}

async function update(parts: MembershipParts, member: Member, email: string, note: Note): Promise<Updated> {
  const { mailchimp } = parts.connectors
  const others = await othersWith(parts, member, email)
  if (!member.emailVerified && others.some((other) => other.emailVerified))
    return { said: 'The address is somebody else’s, who has verified it', change: 'none', welcome: false }
  // Of two people with one address there is one contact: it is a member's as long as either is one.
  const active = [member, ...others].some(({ membership }) => membership === 'active')
  const contact = {
    email,
    name: { first: member.firstName ?? '', last: member.lastName ?? '' },
    statusIfNew: active ? ('subscribed' as const) : ('transactional' as const),
  }
  const former = await noteAddress(parts, member, email)
  if (former === null) return GONE
  const knownAs = await contactToMove(parts, former)
  let known = await mailchimp.putContact({ ...contact, ...(knownAs === null ? {} : { knownAs }) })
  if (!(await isStillThere(parts, member))) {
    await putAway(parts, email)
    return GONE
  }
  // When the new address was a contact already, the old one was not moved but left behind.
  for (const address of former) await putAway(parts, address)
  await forgetAddresses(parts, member.id, former)
  if (active && (known.status === 'transactional' || known.status === 'archived'))
    known = await mailchimp.putContact({ ...contact, status: 'subscribed' })
  const tags = tagsOf(active ? 'active' : member.membership).filter(
    (tag) => known.tags.includes(tag.name) !== tag.active,
  )
  if (tags.length > 0) await note({ email, tags: known.tags, changed: tags })
  await mailchimp.setTags(email, tags)
  return { said: 'Updated', change: 'synced', welcome: await isToBeWelcomed(parts, member) }
}

/** Not when they have become one with another member meanwhile, or are to be forgotten. */
async function isStillThere(parts: MembershipParts, { id }: Member): Promise<boolean> {
  const { members } = tables
  const found = await parts.database.db
    .select({ id: members.id })
    .from(members)
    .where(and(eq(members.id, id), isNull(members.deletedAt)))
  return found.length > 0
}

function tagsOf(membership: Member['membership']): { name: string; active: boolean }[] {
  if (membership === 'none') return []
  return [
    { name: MEMBER_TAG, active: membership === 'active' },
    { name: ALUMNI_TAG, active: membership === 'ended' },
  ]
}

/**
 * A member for the first time. Where accounts are kept, only with one: until then the person may be two rows here. Not
 * while a person is being asked whether the journey went out.
 */
async function isToBeWelcomed(parts: MembershipParts, member: Member): Promise<boolean> {
  if (!parts.welcomes || member.membership !== 'active' || member.welcomedAt) return false
  if (parts.modes.clerk !== 'off' && member.clerkId === null) return false
  const [asked] = await parts.database.db
    .select({ id: tables.effects.id })
    .from(tables.effects)
    .where(
      and(
        eq(tables.effects.subjectId, member.id),
        eq(tables.effects.kind, WELCOME_KIND),
        or(
          eq(tables.effects.status, 'unknown'),
          // Begun for somebody who has become one with them.
          and(
            inArray(tables.effects.status, ['intended', 'done']),
            ne(tables.effects.key, welcomeKey(member.id)),
          ),
        ),
      ),
    )
  return asked === undefined
}

const WELCOME_KIND = 'mailchimp.welcome'
const welcomeKey = (memberId: string) => `${WELCOME_KIND}:${memberId}`

async function welcome(context: RunContext, parts: MembershipParts, memberId: string): Promise<void> {
  const { mailchimp } = parts.connectors
  await context.effect(WELCOME, {
    key: welcomeKey(memberId),
    kind: WELCOME_KIND,
    description: 'The welcome journey of a new member',
    subjectId: memberId,
    async perform() {
      const { mailchimpEmail } = await readMember(parts.database, memberId)
      if (!mailchimpEmail) throw new NeverRetryError('Mailchimp does not know this member any more.')
      await mailchimp.triggerWelcome(mailchimpEmail)
      return { welcomed: true }
    },
    // Mailchimp does not tell which journeys a contact has been through: a lost answer is for a person.
    look: 'impossible',
    objectId: () => memberId,
  })
}

async function finish(
  context: RunContext,
  parts: MembershipParts,
  input: MemberSyncInput,
  outcome: Outcome,
): Promise<void> {
  await context.transaction('note what was done', async (tx) => {
    const { memberId, sourceEventId } = input
    const atMs = parts.clock.now()
    const at = new Date(atMs)
    const first = await tx.db
      .insert(tables.processedEvents)
      .values({ job: 'member-sync', sourceEventId, memberId, at })
      .onConflictDoNothing()
      .returning()
    if (first.length === 0 || outcome.change === 'none') return
    const member = await lockMember(tx, memberId)
    if (!member) return
    await changeMember(
      tx,
      memberId,
      {
        mailchimpSyncedAt: at,
        mailchimpProblem: null,
        ...(outcome.change === 'archived' ? { mailchimpEmail: null } : {}),
        ...(outcome.welcomed ? { welcomedAt: member.welcomedAt ?? at } : {}),
      },
      atMs,
    )
    await recordAudit(tx, {
      atMs,
      actor: SYSTEM,
      action: outcome.welcomed ? 'synced to Mailchimp, and welcomed' : 'synced to Mailchimp',
      target: { kind: 'member', id: memberId },
      reason: outcome.said,
      runId: context.runId,
    })
  })
}
