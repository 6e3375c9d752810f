import { asc, eq } from 'drizzle-orm'
import { z } from 'zod'
import { recordAudit } from '../audit/index.ts'
import { type Transaction, tables } from '../database/index.ts'
import { ConflictError, NotAllowedError, NotFoundError } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import { type Auth, PASSWORD_LENGTH } from './auth.ts'
import type { Role } from './contract.ts'
import { acceptInvitation, endInvitationsOf, invite, openInvitations, revoke } from './invitations.ts'
import type { Person, ServerParts } from './parts.ts'
import { pathId, readBody, textSchema } from './request.ts'
import { isSandboxEmail } from './sandbox-door.ts'

/** GET /api/people */
type PeopleList = {
  people: { id: string; name: string; email: string; role: Role }[]
  invitations: { id: string; email: string; role: Role; link: string; expiresAt: string }[]
}

const emailSchema = z.email('is not an e-mail address').max(320)
const roleSchema = z.object({ role: z.enum(tables.ROLES) })
const inviteSchema = roleSchema.extend({ email: emailSchema })
const welcomeSchema = z.object({
  token: textSchema({ min: 1, max: 200 }),
  name: textSchema({ min: 1, max: 100 }),
  email: emailSchema,
  password: z
    .string()
    .min(PASSWORD_LENGTH.min, `has at least ${PASSWORD_LENGTH.min} characters`)
    .max(PASSWORD_LENGTH.max, `has at most ${PASSWORD_LENGTH.max} characters`),
})

/** `GET /api/people`: everybody, and the invitations that are open. */
export function listPeople(parts: ServerParts): RouteHandler {
  return async (context) => {
    const { id, name, email, role } = tables.users
    const people = await parts.database.db
      .select({ id, name, email, role })
      .from(tables.users)
      .orderBy(asc(name), asc(id))
    const invitations = (await openInvitations(parts)).map((invitation) => ({
      id: invitation.id,
      email: invitation.email ?? '',
      role: invitation.role,
      link: invitation.link,
      expiresAt: invitation.expiresAt.toISOString(),
    }))
    return context.json<PeopleList>({ people, invitations })
  }
}

/** `POST /api/people/invitations {email, role}` → `{link}` */
export function invitePerson(parts: ServerParts): RouteHandler {
  return async (context) => {
    const guest = await readBody(context, inviteSchema)
    return context.json({ link: await invite(parts, guest, context.get('person')) })
  }
}

/** `DELETE /api/people/invitations/:id`: its link leads nowhere any more. */
export function revokeInvitation(parts: ServerParts): RouteHandler {
  return async (context) => {
    const { id, name } = context.get('person')
    await revoke(parts, pathId(context), { kind: 'dashboard', id, name })
    return context.json({})
  }
}

/**
 * `PATCH /api/people/:id {role}`. Nobody changes their own role, and there is always an owner left. Who is an owner no
 * more does not become one again by an invitation of their own.
 */
export function changeRole(parts: ServerParts): RouteHandler {
  return async (context) => {
    const id = pathId(context)
    const { role } = await readBody(context, roleSchema)
    const by = context.get('person')
    if (by.id === id) throw new ConflictError('You cannot change your own role. Ask another owner.')
    await parts.database.transaction(async (tx) => {
      await keepAnOwner(tx, by, role === 'owner' ? null : id)
      const changed = await tx.db
        .update(tables.users)
        .set({ role, updatedAt: new Date(parts.clock.now()) })
        .where(eq(tables.users.id, id))
        .returning()
      if (changed.length === 0) throw new NotFoundError('There is no such person.')
      if (role !== 'owner') await endInvitationsOf(tx, id)
      await recordAudit(tx, {
        atMs: parts.clock.now(),
        actor: { kind: 'dashboard', id: by.id, name: by.name },
        action: `made them ${role}`,
        target: { kind: 'person', id },
      })
    })
    return context.json({})
  }
}

/**
 * `DELETE /api/people/:id`: they are signed out everywhere at once, and their open invitations end, one of which may be
 * for themselves. What they did stays on record.
 */
export function removePerson(parts: ServerParts): RouteHandler {
  return async (context) => {
    const id = pathId(context)
    const by = context.get('person')
    if (by.id === id) throw new ConflictError('You cannot remove yourself. Ask another owner.')
    await parts.database.transaction(async (tx) => {
      await keepAnOwner(tx, by, id)
      await endInvitationsOf(tx, id)
      // Their sessions and their password go with them.
      const removed = await tx.db.delete(tables.users).where(eq(tables.users.id, id)).returning()
      if (removed.length === 0) throw new NotFoundError('There is no such person.')
      await recordAudit(tx, {
        atMs: parts.clock.now(),
        actor: { kind: 'dashboard', id: by.id, name: by.name },
        action: 'removed them',
        target: { kind: 'person', id },
        detail: { role: removed[0]?.role ?? null },
      })
    })
    return context.json({})
  }
}

/**
 * Two owners may be about to remove each other: owners are changed one after the other, and who is none any more changes
 * nobody.
 * @param leaving who is to be no owner any more; null: nobody
 * @throws NotAllowedError | ConflictError
 */
async function keepAnOwner(tx: Transaction, by: Person, leaving: string | null): Promise<void> {
  const { id, email, role } = tables.users
  const owners = await tx.db
    .select({ id, email })
    .from(tables.users)
    .where(eq(role, 'owner'))
    .orderBy(asc(id))
    .for('update')
  if (!owners.some((owner) => owner.id === by.id)) throw new NotAllowedError('You are no owner any more.')
  const real = owners.filter((owner) => !isSandboxEmail(owner.email))
  if (real.length === 1 && real[0]?.id === leaving)
    throw new ConflictError('They are the only owner. Make somebody else an owner first.')
}

/** `POST /api/welcome {token, name, email, password}`: accepts a one-time link and signs in. */
export function welcome(parts: ServerParts, auth: Auth): RouteHandler {
  return async (context) => {
    const newcomer = await readBody(context, welcomeSchema)
    await acceptInvitation(parts, newcomer)
    await auth.signIn(context, { email: newcomer.email.toLowerCase(), password: newcomer.password })
    return context.json({})
  }
}
