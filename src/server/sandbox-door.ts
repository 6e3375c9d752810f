/**
 * The sandbox's way in: one click per role, with a real session. The people behind it exist only while the door is
 * open, and nobody can be invited under their addresses.
 */
import { createHmac } from 'node:crypto'
import { hashPassword } from 'better-auth/crypto'
import { z } from 'zod'
import { tables } from '../database/index.ts'
import { isLoopbackUrl, NotFoundError } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { Auth } from './auth.ts'
import type { Role } from './contract.ts'
import type { ServerParts } from './parts.ts'
import { readBody } from './request.ts'

/** What the addresses of the sandbox's people end with. */
export const SANDBOX_DOMAIN = '@sandbox.local'
const NAMES: Record<Role, string> = {
  owner: 'Olive Owner',
  operator: 'Oscar Operator',
  approver: 'Abe Approver',
  viewer: 'Vera Viewer',
}

/**
 * Whether anybody may sign in with a click: a sandbox runs, this is not production, and the program listens to this
 * machine alone (which it does when PUBLIC_URL is a loopback address; see `start/listen.ts`).
 */
export function sandboxDoorIsOpen(parts: Pick<ServerParts, 'sandbox' | 'production' | 'publicUrl'>): boolean {
  return parts.sandbox !== null && !parts.production && isLoopbackUrl(parts.publicUrl)
}

/** Whether an address belongs to the sandbox's people. */
export function isSandboxEmail(email: string): boolean {
  return email.toLowerCase().endsWith(SANDBOX_DOMAIN)
}

const bodySchema = z.object({ role: z.enum(tables.ROLES) })

/** `POST /api/sandbox/sign-in {role}`. @throws NotFoundError where the door is shut */
export function sandboxSignIn(parts: ServerParts, auth: Auth): RouteHandler {
  return async (context) => {
    if (!sandboxDoorIsOpen(parts)) throw new NotFoundError('There is no sandbox to sign in to.')
    // A page elsewhere whose name was made to lead here (DNS rebinding) still says its own name.
    const host = context.req.header('host')
    if (host !== undefined && !isLoopbackUrl(`http://${host}`))
      throw new NotFoundError('There is no sandbox to sign in to.')
    const { role } = await readBody(context, bodySchema)
    const email = `${role}${SANDBOX_DOMAIN}`
    const password = passwordOf(parts, role)
    await ensurePerson(parts, { role, email, password })
    await auth.signIn(context, { email, password })
    return context.json({})
  }
}

async function ensurePerson(
  parts: ServerParts,
  person: { role: Role; email: string; password: string },
): Promise<void> {
  const id = `usr_sandbox_${person.role}`
  const password = await hashPassword(person.password)
  await parts.database.transaction(async ({ db }) => {
    await db
      .insert(tables.users)
      .values({ id, name: NAMES[person.role], email: person.email, emailVerified: true, role: person.role })
      .onConflictDoUpdate({ target: tables.users.id, set: { role: person.role } })
    await db
      .insert(tables.accounts)
      .values({
        id: `acc_sandbox_${person.role}`,
        accountId: id,
        providerId: 'credential',
        userId: id,
        password,
      })
      .onConflictDoUpdate({ target: tables.accounts.id, set: { password } })
  })
}

/** Only this installation can compute it. */
function passwordOf(parts: ServerParts, role: Role): string {
  return createHmac('sha256', parts.sessionSecret).update(`sandbox:${role}`).digest('base64url')
}
