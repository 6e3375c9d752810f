/**
 * How people arrive: a one-time link makes its bearer a person with a role. The table keeps a hash of the link's token.
 * The token of an invitation is derived from its id and the session secret, so that an owner can copy the link again;
 * the first owner's is random, made anew at each start, and the ones before it die.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { hashPassword } from 'better-auth/crypto'
import { and, eq, gt, isNotNull, isNull, notLike, sql } from 'drizzle-orm'
import { type Actor, recordAudit } from '../audit/index.ts'
import { type Database, onlyRow, sqlState, type Transaction, tables } from '../database/index.ts'
import {
  type Clock,
  ConflictError,
  DAY_MS,
  NotAllowedError,
  NotFoundError,
  newId,
} from '../primitives/index.ts'
import type { Role } from './contract.ts'
import type { Person } from './parts.ts'
import { isSandboxEmail, SANDBOX_DOMAIN } from './sandbox-door.ts'

export type Invitation = typeof tables.invitations.$inferSelect

const VALID_MS = 7 * DAY_MS
const UNIQUE_VIOLATION = '23505'
const SESSION_SECRET = 'session'

/**
 * The link that makes the first owner, or null when there is one. Each call makes a new one and ends those before it.
 * Only a hash of its token is kept.
 */
export async function ensureOwnerLink(parts: {
  database: Database
  clock: Clock
  publicUrl: string
}): Promise<string | null> {
  const nowMs = parts.clock.now()
  const token = randomBytes(24).toString('base64url')
  const { invitations } = tables
  return parts.database.transaction(async (tx) => {
    if (await hasOwner(tx)) return null
    await tx.db
      .delete(invitations)
      .where(and(isNull(invitations.acceptedAt), isNull(invitations.email), eq(invitations.role, 'owner')))
    await tx.db.insert(invitations).values({
      id: newId('inv'),
      tokenHash: hashToken(token),
      role: 'owner',
      createdAt: new Date(nowMs),
      expiresAt: new Date(nowMs + VALID_MS),
    })
    return linkTo(parts.publicUrl, token)
  })
}

/** Whether somebody owns this installation; the sandbox's people do not count. */
export async function hasOwner(tx: Pick<Transaction, 'db'>): Promise<boolean> {
  const owners = await tx.db
    .select({ email: tables.users.email })
    .from(tables.users)
    .where(and(eq(tables.users.role, 'owner'), notLike(tables.users.email, `%${SANDBOX_DOMAIN}`)))
    .limit(1)
  return owners.length > 0
}

/** The secret that signs sessions: made once per installation and kept in its database. */
export async function sessionSecret(database: Database): Promise<string> {
  const { installationSecrets } = tables
  await database.db
    .insert(installationSecrets)
    .values({ name: SESSION_SECRET, value: randomBytes(32).toString('base64url') })
    .onConflictDoNothing()
  const rows = await database.db
    .select()
    .from(installationSecrets)
    .where(eq(installationSecrets.name, SESSION_SECRET))
  return onlyRow(rows, 'session secret').value
}

type InvitationParts = { database: Database; clock: Clock; publicUrl: string; sessionSecret: string }

/** Makes a link for somebody; an open one for the same address ends. @throws ConflictError when they are here already */
export async function invite(
  parts: InvitationParts,
  guest: { email: string; role: Role },
  by: Person,
): Promise<string> {
  const email = guest.email.toLowerCase()
  refuseSandboxEmail(email)
  const nowMs = parts.clock.now()
  const id = newId('inv')
  const token = tokenOf(parts, id)
  const { invitations, users } = tables
  await parts.database.transaction(async (tx) => {
    const known = await tx.db.$count(users, eq(users.email, email))
    if (known > 0)
      throw new ConflictError('Somebody with this address is here already. Change their role instead.')
    await tx.db.delete(invitations).where(and(eq(invitations.email, email), isNull(invitations.acceptedAt)))
    await tx.db.insert(invitations).values({
      id,
      tokenHash: hashToken(token),
      email,
      role: guest.role,
      createdAt: new Date(nowMs),
      expiresAt: new Date(nowMs + VALID_MS),
      invitedBy: by.id,
    })
    await recordAudit(tx, {
      atMs: nowMs,
      actor: { kind: 'dashboard', id: by.id, name: by.name },
      action: `invited somebody as ${guest.role}`,
      target: { kind: 'person', id },
    })
  })
  return linkTo(parts.publicUrl, token)
}

/** Invitations that may still be accepted, with their links; the first owner's is not among them. */
export async function openInvitations(parts: InvitationParts): Promise<(Invitation & { link: string })[]> {
  const { invitations } = tables
  const rows = await parts.database.db
    .select()
    .from(invitations)
    .where(and(isNull(invitations.acceptedAt), gt(invitations.expiresAt, new Date(parts.clock.now()))))
    .orderBy(invitations.createdAt)
  return rows
    .filter((row) => row.email !== null)
    .map((row) => ({ ...row, link: linkTo(parts.publicUrl, tokenOf(parts, row.id)) }))
}

/**
 * Accepts a link: once, as one transaction with the person that it makes.
 * @throws NotAllowedError when the link is not (any more) valid; ConflictError when the address is taken
 */
export async function acceptInvitation(
  parts: { database: Database; clock: Clock },
  newcomer: { token: string; name: string; email: string; password: string },
): Promise<void> {
  const email = newcomer.email.toLowerCase()
  refuseSandboxEmail(email)
  const now = new Date(parts.clock.now())
  const invitation = await findInvitation(parts.database, newcomer.token, now)
  if (!invitation) throw new InvalidLinkError()
  if (invitation.email !== null && invitation.email !== email)
    throw new NotAllowedError('This link was made for another e-mail address. Enter the one it was sent to.')
  const password = await hashPassword(newcomer.password)
  try {
    await parts.database.transaction(async (tx) => {
      const { invitations } = tables
      const accepted = await tx.db
        .update(invitations)
        .set({ acceptedAt: now })
        .where(and(eq(invitations.id, invitation.id), isNull(invitations.acceptedAt)))
        .returning()
      if (accepted.length === 0) throw new InvalidLinkError()
      if (invitation.email === null) await refuseSecondFirst(tx)
      await addPerson(tx, { name: newcomer.name, email, role: invitation.role, password }, now)
    })
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION)
      throw new ConflictError('Somebody with this e-mail address is here already. Sign in instead.')
    throw error
  }
}

/** Two processes that start at once each make a first owner's link; and a link in a log is not to make an owner later. */
async function refuseSecondFirst(tx: Transaction): Promise<void> {
  await tx.db.execute(sql`select pg_advisory_xact_lock(hashtextextended('kinkeeper.first-owner', 7))`)
  if (await hasOwner(tx)) throw new InvalidLinkError()
}

/**
 * Ends an invitation that nobody has accepted.
 * @throws NotFoundError when there is none: it was accepted or ended meanwhile
 */
export async function revoke(
  parts: { database: Database; clock: Clock },
  invitationId: string,
  actor: Actor,
): Promise<void> {
  const { invitations } = tables
  await parts.database.transaction(async (tx) => {
    const [ended] = await tx.db
      .delete(invitations)
      .where(
        and(eq(invitations.id, invitationId), isNull(invitations.acceptedAt), isNotNull(invitations.email)),
      )
      .returning()
    if (!ended) throw new NotFoundError('There is no such invitation: it was accepted or ended meanwhile.')
    await recordAudit(tx, {
      atMs: parts.clock.now(),
      actor,
      action: 'ended an invitation',
      target: { kind: 'person', id: invitationId },
      detail: { role: ended.role },
    })
  })
}

/** Ends the invitations that somebody has made and nobody has accepted yet: they go with the right to make them. */
export async function endInvitationsOf(tx: Transaction, personId: string): Promise<void> {
  const { invitations } = tables
  await tx.db
    .delete(invitations)
    .where(and(eq(invitations.invitedBy, personId), isNull(invitations.acceptedAt)))
}

class InvalidLinkError extends NotAllowedError {
  constructor() {
    super(
      'This link does not work (any more): it was used, replaced by a newer one, or is too old. Ask for another.',
    )
  }
}

async function findInvitation(database: Database, token: string, now: Date): Promise<Invitation | null> {
  const { invitations } = tables
  const [row] = await database.db
    .select()
    .from(invitations)
    .where(
      and(
        eq(invitations.tokenHash, hashToken(token)),
        isNull(invitations.acceptedAt),
        gt(invitations.expiresAt, now),
      ),
    )
  return row ?? null
}

/** The rows that better-auth would have made: a user, and an account of the kind `credential` with the password's hash. */
async function addPerson(
  tx: Transaction,
  person: { name: string; email: string; role: Role; password: string },
  now: Date,
): Promise<void> {
  const id = newId('usr')
  const { name, email, role, password } = person
  await tx.db.insert(tables.users).values({ id, name, email, emailVerified: true, role })
  await tx.db
    .insert(tables.accounts)
    .values({ id: newId('acc'), accountId: id, providerId: 'credential', userId: id, password })
  await recordAudit(tx, {
    atMs: now.getTime(),
    actor: { kind: 'dashboard', id, name },
    action: `came in as ${role}`,
    target: { kind: 'person', id },
  })
}

function refuseSandboxEmail(email: string): void {
  if (isSandboxEmail(email)) throw new ConflictError('Addresses at sandbox.local belong to the sandbox.')
}

function tokenOf(parts: { sessionSecret: string }, invitationId: string): string {
  return createHmac('sha256', parts.sessionSecret).update(`invitation:${invitationId}`).digest('base64url')
}

function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

function linkTo(publicUrl: string, token: string): string {
  return `${publicUrl.replace(/\/$/, '')}/welcome?token=${token}`
}
