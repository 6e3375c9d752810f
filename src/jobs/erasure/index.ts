/**
 * `erasure`: forgets a person. Their rows become tombstones without a name, an address or an id elsewhere; whatever
 * mentions them is taken out of runs, steps, dead letters, questions and payloads; Mailchimp's contact is archived. What
 * remains is that somebody was erased, when and by whom, and a hash of the address that only this installation can make.
 *
 * Not reached: posts that were texted, but for the address in them (nothing says whose a phone number is), backups, and
 * what other services keep, which is listed in the result. Somebody who is erased and comes back is somebody new: the
 * next news of Clerk or Stripe about them make a new member, who is welcomed again.
 *
 * The audit is not touched where it is as it should be: it names members by id. An address or a full name that a person
 * has written into a reason is blanked there too; the chain over the entries survives it (`audit/chain.ts`).
 */
import { eq, inArray } from 'drizzle-orm'
import { z } from 'zod'
import { type Actor, recordAudit } from '../../audit/index.ts'
import { onlyRow, type Transaction, tables } from '../../database/index.ts'
import { defineJob, type Job, type RunContext, type RunStarter, StepFailedError } from '../../engine/index.ts'
import {
  BadInputError,
  type Clock,
  ConflictError,
  type Json,
  NeverRetryError,
  NotFoundError,
  newId,
} from '../../primitives/index.ts'
import type { MembershipParts } from '../membership/parts.ts'
import { type About, bothOf, gatherAbout, hashOf, membersOf, readAbout } from './about.ts'
import { type ErasureFollowers, eraseRows } from './rows.ts'
import { leftovers, sweep } from './sweep.ts'

const inputSchema = z.object({ erasureId: z.string() })
export type ErasureJob = Job<z.infer<typeof inputSchema>>

const DEFINITION = {
  name: 'erasure',
  input: inputSchema,
  idempotencyKey: ({ erasureId }: z.infer<typeof inputSchema>) => erasureId,
  lane: 'maintenance',
}
/** What asking for an erasure needs of the job: also a process asks that could not do it. */
export const ERASURE_TO_START: ErasureJob = defineJob({
  ...DEFINITION,
  async run() {
    throw new NeverRetryError('This process only asks for erasures.')
  },
})

/** `erased`: rows by table. `byHand`: what a person still has to do, in words. `left`: columns that still name them. */
export type ErasureResult = { erased: Record<string, number>; byHand: string[]; left: string[] }

export function defineErasure(parts: MembershipParts, followers: () => ErasureFollowers): ErasureJob {
  return defineJob({
    ...DEFINITION,
    async run(context, { erasureId }) {
      const read = async () => readAbout((await readErasure(parts.database, erasureId)).about)
      const own = await context.transaction('erase what is theirs', async (tx) =>
        eraseRows(tx, parts, followers(), await gatherAgain(tx, erasureId), context.runId),
      )
      const mentions = await context.step('erase where they are mentioned', async () =>
        sweep(parts.database, await read(), { atMs: parts.clock.now(), runId: context.runId }),
      )
      const refused = await archive(context, parts, read)
      const rest = await context.step('see what is left to do', async () => {
        const about = await read()
        return { byHand: [...refused, ...tellByHand(about)], left: await leftovers(parts.database, about) }
      })
      return context.transaction('forget whom it was about', async (tx) => {
        const result: ErasureResult = { erased: { ...own, ...mentions }, ...rest }
        await finish(tx, parts.clock, erasureId, result)
        return result
      })
    },
  })
}

export type ErasureRequest = {
  who: { memberId: string } | { email: string }
  actor: Actor
  /** Also somebody who is a member now. */
  alsoActive: boolean
}

/**
 * Asks for an erasure, in the caller's transaction.
 * @returns the run's id
 * @throws BadInputError when the address is none; ConflictError when they are a member now, or have been erased;
 *   NotFoundError when there is no such member
 */
export async function requestErasure(
  tx: Transaction,
  parts: { clock: Clock; starter: () => Pick<RunStarter, 'start'> },
  request: ErasureRequest,
): Promise<{ runId: string; erasureId: string }> {
  const named = 'email' in request.who ? { email: readAddress(request.who.email) } : request.who
  const members = await membersOf(tx, named)
  const [first] = members
  if ('memberId' in named) {
    if (!first) throw new NotFoundError('There is no such member.')
    if (first.erasedAt) throw new ConflictError('This person has been erased already.')
  }
  if (!request.alsoActive && members.some(({ membership }) => membership === 'active'))
    throw new ConflictError(
      'They are a member now, and may be paying. End the subscription first, or say that members are to be erased too.',
    )
  const address = 'email' in named ? named.email : (first?.email ?? null)
  const about: About = await gatherAbout(tx, members, address)
  const id = newId('era')
  const { actor } = request
  const atMs = parts.clock.now()
  await tx.db.insert(tables.erasures).values({
    id,
    emailHash: await hashOf(tx, address ?? about.memberIds[0] ?? id),
    about,
    memberId: first?.id ?? null,
    requestedBy: actor.kind === 'system' ? 'the command line' : actor.id,
    requestedAt: new Date(atMs),
  })
  await recordAudit(tx, {
    atMs,
    actor,
    action: 'asked for an erasure',
    target: first ? { kind: 'member', id: first.id } : { kind: 'community', id },
  })
  return { runId: await parts.starter().start(tx, ERASURE_TO_START, { erasureId: id }), erasureId: id }
}

/** Between the asking and the erasing their address or name may have changed: what is known of them now is erased too. */
async function gatherAgain(tx: Transaction, erasureId: string): Promise<About> {
  const asked = readAbout((await readErasure(tx, erasureId)).about)
  const { members, erasures } = tables
  const now = await tx.db.select().from(members).where(inArray(members.id, asked.memberIds)).for('update')
  const about = bothOf(asked, await gatherAbout(tx, now, null))
  await tx.db.update(erasures).set({ about }).where(eq(erasures.id, erasureId))
  return about
}

function readAddress(given: string): string {
  const address = given.trim().toLowerCase()
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(address))
    throw new BadInputError(`“${given}” is not an e-mail address.`)
  return address
}

/** Best effort: what Mailchimp refuses is for a person to do. @returns what a person has to do */
async function archive(
  context: RunContext,
  parts: MembershipParts,
  read: () => Promise<About>,
): Promise<string[]> {
  if (parts.modes.mailchimp === 'off') return []
  try {
    await context.call('archive the contact at Mailchimp', async () => {
      const { contacts } = await read()
      for (const contact of contacts) await parts.connectors.mailchimp.archiveContact(contact)
    })
    return []
  } catch (error) {
    if (!(error instanceof StepFailedError)) throw error
    return [`Mailchimp: archive the contact by hand (${error.failure.message})`]
  }
}

/** In words without ids: this is kept. */
function tellByHand({ contacts, ids }: About): string[] {
  const has = (prefix: string) => ids.some((id) => id.startsWith(prefix))
  return [
    ...(contacts.length > 0
      ? ['Mailchimp: the contact is archived; to remove it for ever, delete it permanently there.']
      : []),
    ...(has('cus_') ? ['Stripe: end the subscription, and delete or redact the customer.'] : []),
    ...(has('user_') ? ['Clerk: delete the user.'] : []),
    ...(has('U') || has('W')
      ? ['Slack: deactivate the account. As long as it is there, the next sync reads it again.']
      : []),
    'Luma: remove them from the calendar’s people and guests, if they ever came to an event.',
  ]
}

async function finish(
  tx: Transaction,
  clock: Clock,
  erasureId: string,
  result: ErasureResult,
): Promise<void> {
  const counts: Json = result
  await tx.db
    .update(tables.erasures)
    .set({ about: null, finishedAt: new Date(clock.now()), counts })
    .where(eq(tables.erasures.id, erasureId))
}

async function readErasure(db: Pick<Transaction, 'db'>, id: string) {
  return onlyRow(await db.db.select().from(tables.erasures).where(eq(tables.erasures.id, id)), 'erasure')
}
