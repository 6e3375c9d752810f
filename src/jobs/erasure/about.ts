/** What a person is found by, and the pattern that finds it in text. Kept in the erasure's row until it is done. */
import { createHmac, randomBytes } from 'node:crypto'
import { and, eq, inArray, notInArray, or, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Member } from '../../community/index.ts'
import { onlyRow, type Transaction, tables } from '../../database/index.ts'

const aboutSchema = z.object({
  memberIds: z.array(z.string()),
  /** Lower case: the one that was named, and those under which services know them. */
  emails: z.array(z.string()),
  /** Full names; a first name alone is too many people's. */
  names: z.array(z.string()),
  /** Their ids at Clerk, Stripe and Slack. */
  ids: z.array(z.string()),
  /** Mailchimp's contacts that are to be archived. */
  contacts: z.array(z.string()),
})
export type About = z.infer<typeof aboutSchema>

export const readAbout = (value: unknown): About => aboutSchema.parse(value)

/** Every member with this address, or this one member, with every member who has one of their addresses. */
export async function membersOf(
  tx: Transaction,
  named: { memberId: string } | { email: string },
): Promise<Member[]> {
  const { members } = tables
  if ('email' in named) return withAddress(tx, [named.email])
  const found = await tx.db.select().from(members).where(eq(members.id, named.memberId))
  const addresses = found
    .flatMap(({ email, mailchimpEmail }) => [email, mailchimpEmail])
    .filter((one) => one !== null)
  const same = await withAddress(tx, addresses)
  return [...found, ...same.filter(({ id }) => id !== named.memberId)]
}

async function withAddress(tx: Transaction, addresses: string[]): Promise<Member[]> {
  const { members } = tables
  if (addresses.length === 0) return []
  return tx.db
    .select()
    .from(members)
    .where(or(inArray(members.email, addresses), inArray(members.mailchimpEmail, addresses)))
}

/** Gathers what these members, and the Slack users with their addresses, are known by. */
export async function gatherAbout(tx: Transaction, members: Member[], email: string | null): Promise<About> {
  const { slackPeople } = tables
  const contacts = unique(
    members.flatMap(({ mailchimpEmail, mailchimpFormer }) => [mailchimpEmail, ...(mailchimpFormer ?? [])]),
  )
  const former = await formerAddresses(
    tx,
    members.map(({ id }) => id),
  )
  const known = [...members.map(({ email: own }) => own), ...contacts, ...former]
  const emails = unique([email, ...known].map((each) => each?.toLowerCase()))
  const slackIds = members.flatMap(({ slackUserId }) => slackUserId ?? [])
  const inSlack = await tx.db
    .select()
    .from(slackPeople)
    .where(or(inArray(slackPeople.email, emails), inArray(slackPeople.id, slackIds)))
  return {
    memberIds: members.map(({ id }) => id),
    emails,
    names: unique([
      ...members.map(({ firstName, lastName }) => [firstName, lastName].filter(Boolean).join(' ')),
      ...inSlack.map(({ name }) => name),
    ]).filter((name) => /\S\s+\S/.test(name)),
    ids: unique([
      ...members.flatMap(({ clerkId, stripeCustomerId }) => [clerkId, stripeCustomerId]),
      ...slackIds,
      ...inSlack.map(({ id }) => id),
    ]),
    contacts,
  }
}

/** What two looks at the same people have found. */
export function bothOf(one: About, other: About): About {
  const all = (of: (about: About) => string[]) => unique([...of(one), ...of(other)])
  return {
    memberIds: all(({ memberIds }) => memberIds),
    emails: all(({ emails }) => emails),
    names: all(({ names }) => names),
    ids: all(({ ids }) => ids),
    contacts: all(({ contacts }) => contacts),
  }
}

/** Addresses that they had before, as the syncs noted them; not those that are somebody else's by now. */
async function formerAddresses(tx: Transaction, memberIds: readonly string[]): Promise<string[]> {
  const { undoNotes, members } = tables
  const found: string[] = []
  for (const memberId of memberIds) {
    const notes = await tx.db
      .selectDistinct({ email: sql<string | null>`${undoNotes.note} ->> 'email'` })
      .from(undoNotes)
      .where(sql`starts_with(${undoNotes.runId}, ${`member-sync:${memberId}:`})`)
    found.push(...notes.flatMap(({ email }) => email ?? []))
  }
  if (found.length === 0) return []
  const others = await tx.db
    .select({ email: members.email })
    .from(members)
    .where(and(inArray(members.email, found), notInArray(members.id, [...memberIds])))
  return found.filter((email) => others.every((other) => other.email !== email))
}

function unique(values: (string | null | undefined)[]): string[] {
  return [...new Set(values.filter((value): value is string => Boolean(value)))]
}

/**
 * A regular expression of PostgreSQL's that finds any of these, in any case, as a whole: `jo@example.org` is not in
 * `bojo@example.org`, nor in `jo@example.org.uk`. As they stand in text, in JSON and in an address line.
 * https://www.postgresql.org/docs/current/functions-matching.html#FUNCTIONS-POSIX-REGEXP (2026-11)
 */
export function patternOf(needles: readonly string[]): string | null {
  const forms = unique(
    needles.flatMap((needle) => [needle, JSON.stringify(needle).slice(1, -1), encodeURIComponent(needle)]),
  )
  if (forms.length === 0) return null
  const escaped = forms.map((form) => form.replace(/[.*+?^${}()|[\]\\\-/%@]/g, '\\$&'))
  // In JSON a line's end is written as a backslash and a letter, which is no part of the word after it.
  return `(?:(?<![[:alnum:]._+-])|(?<=\\\\[nrtbf]))(?:${escaped.join('|')})(?![[:alnum:]_-]|\\.[[:alnum:]])`
}

/** What stays of an address: HMAC-SHA-256 keyed with a secret of this installation, so that nobody can try addresses out elsewhere. */
export async function hashOf(tx: Transaction, address: string): Promise<string> {
  const { installationSecrets } = tables
  await tx.db
    .insert(installationSecrets)
    .values({ name: 'erasure', value: randomBytes(32).toString('base64url') })
    .onConflictDoNothing()
  const rows = await tx.db.select().from(installationSecrets).where(eq(installationSecrets.name, 'erasure'))
  const { value } = onlyRow(rows, 'erasure secret')
  return createHmac('sha256', value).update(address.toLowerCase()).digest('hex')
}
