/** Users: what the Backend API and the control API do to them. Every change is told by a webhook. */
import { z } from 'zod'
import { derivedId } from '../derived-id.ts'
import type { Fields } from '../pipeline.ts'
import { queueWebhook } from '../webhooks.ts'
import type { World } from '../world.ts'
import type { ClerkMetadata, ClerkUser } from './model.ts'
import { deletedResource, fullName, userResource } from './resources.ts'

export type ClerkAnswer = { status: number; body: unknown }

export const INSTANCE_ID = 'ins_2sandbox0Kinkeeper000000000'
const MOST = 500

/** Keeps a new user with one verified address. */
export function addUser(
  world: World,
  given: { id: string; firstName: string; lastName: string; email: string; createdMs: number },
): ClerkUser {
  const { id, firstName, lastName, createdMs } = given
  const email = newEmail(id, given.email, 1, createdMs)
  const user: ClerkUser = {
    id,
    firstName,
    lastName,
    username: null,
    externalId: null,
    emails: [email],
    primaryEmailId: email.id,
    publicMetadata: {},
    privateMetadata: {},
    unsafeMetadata: {},
    banned: false,
    locked: false,
    createdMs,
    updatedMs: createdMs,
    lastSignInMs: createdMs,
    deleted: false,
  }
  world.clerk.users.put(id, user)
  emitClerk(world, 'user.created', user, userResource(world, user), createdMs)
  return user
}

/** Changes a user, and says so. */
export function changeUser(world: World, user: ClerkUser, changes: Partial<ClerkUser>): ClerkUser {
  // Two changes in one millisecond can still be told apart by their time.
  const updatedMs = Math.max(world.clock.now(), user.updatedMs + 1)
  const changed = world.clerk.users.put(user.id, { ...user, ...changes, updatedMs })
  emitClerk(world, 'user.updated', changed, userResource(world, changed), updatedMs)
  return changed
}

/** Gives a user another primary address; the old one stays as a second. */
export function changeEmail(world: World, user: ClerkUser, address: string): ClerkUser {
  const known = user.emails.find((each) => each.address.toLowerCase() === address.toLowerCase())
  const email = known ?? newEmail(user.id, address, user.emails.length + 1, world.clock.now())
  const emails = known ? user.emails : [...user.emails, email]
  return changeUser(world, user, { emails, primaryEmailId: email.id })
}

/** Deletes a user, and says so. */
export function deleteUser(world: World, user: ClerkUser): ClerkUser {
  const nowMs = world.clock.now()
  const deleted = world.clerk.users.put(user.id, { ...user, deleted: true, updatedMs: nowMs })
  emitClerk(world, 'user.deleted', deleted, deletedResource(deleted), nowMs)
  return deleted
}

/** A user that is there. */
export function findUser(world: World, id: string): ClerkUser | undefined {
  const user = world.clerk.users.get(id)
  return user?.deleted ? undefined : user
}

/** GET /users: filters are alternatives within, and all must hold. */
export function listUsers(world: World, query: URLSearchParams): ClerkAnswer {
  const limit = Number(query.get('limit') ?? 10)
  const offset = Number(query.get('offset') ?? 0)
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    return invalid('limit', `must be from 1 to ${MOST}`)
  if (!Number.isInteger(offset) || offset < 0) return invalid('offset', 'must not be negative')
  const users = matching(world, query)
  const shown = users.sort(order(query.get('order_by') ?? '-created_at')).slice(offset, offset + limit)
  return { status: 200, body: shown.map((user) => userResource(world, user)) }
}

/** GET /users/count, with the same filters. */
export function countUsers(world: World, query: URLSearchParams): ClerkAnswer {
  return { status: 200, body: { object: 'total_count', total_count: matching(world, query).length } }
}

const changesSchema = z.object({
  first_name: z.string().nullish(),
  last_name: z.string().nullish(),
  username: z.string().nullish(),
  external_id: z.string().nullish(),
  primary_email_address_id: z.string().optional(),
  public_metadata: z.record(z.string(), z.unknown()).optional(),
  private_metadata: z.record(z.string(), z.unknown()).optional(),
  unsafe_metadata: z.record(z.string(), z.unknown()).optional(),
})

/** PATCH /users/{id}: metadata given here replaces what was there. */
export function updateUser(world: World, user: ClerkUser, fields: Fields): ClerkAnswer {
  const parsed = changesSchema.safeParse(fields)
  if (!parsed.success) return invalid(String(parsed.error.issues[0]?.path[0] ?? 'body'), 'is invalid')
  const given = parsed.data
  const primary = given.primary_email_address_id ?? user.primaryEmailId
  if (primary !== null && !user.emails.some(({ id }) => id === primary)) {
    return invalid('primary_email_address_id', 'is not one of this user')
  }
  const changed = changeUser(world, user, {
    firstName: given.first_name === undefined ? user.firstName : given.first_name,
    lastName: given.last_name === undefined ? user.lastName : given.last_name,
    username: given.username === undefined ? user.username : given.username,
    externalId: given.external_id === undefined ? user.externalId : given.external_id,
    primaryEmailId: primary,
    publicMetadata: given.public_metadata ?? user.publicMetadata,
    privateMetadata: given.private_metadata ?? user.privateMetadata,
    unsafeMetadata: given.unsafe_metadata ?? user.unsafeMetadata,
  })
  return { status: 200, body: userResource(world, changed) }
}

/** PATCH /users/{id}/metadata: merged; null removes a key. */
export function updateMetadata(world: World, user: ClerkUser, fields: Fields): ClerkAnswer {
  const parsed = changesSchema.safeParse(fields)
  if (!parsed.success) return invalid(String(parsed.error.issues[0]?.path[0] ?? 'body'), 'is invalid')
  const given = parsed.data
  const changed = changeUser(world, user, {
    publicMetadata: merged(user.publicMetadata, given.public_metadata),
    privateMetadata: merged(user.privateMetadata, given.private_metadata),
    unsafeMetadata: merged(user.unsafeMetadata, given.unsafe_metadata),
  })
  return { status: 200, body: userResource(world, changed) }
}

/** An error in Clerk's envelope. */
export function clerkError(status: number, code: string, message: string, long = message): ClerkAnswer {
  return { status, body: { errors: [{ code, message, long_message: long }], clerk_trace_id: 'sandbox' } }
}

function invalid(field: string, problem: string): ClerkAnswer {
  const error = {
    code: 'form_param_value_invalid',
    message: 'is invalid',
    long_message: `${field} ${problem}`,
  }
  return {
    status: 422,
    body: { errors: [{ ...error, meta: { param_name: field } }], clerk_trace_id: 'sandbox' },
  }
}

function matching(world: World, query: URLSearchParams): ClerkUser[] {
  const values = (name: string) => [...query.getAll(name), ...query.getAll(`${name}[]`)]
  const emails = values('email_address')
  const ids = values('user_id')
  const externalIds = values('external_id')
  const words = (query.get('query') ?? '').toLowerCase()
  const { users } = world.clerk
  const candidates =
    emails.length > 0
      ? emails.flatMap((address) => users.find('email', address.toLowerCase()))
      : ids.length > 0
        ? ids.flatMap((id) => users.get(id) ?? [])
        : users.values()
  return [...new Set(candidates)].filter(
    (user) =>
      !user.deleted &&
      (ids.length === 0 || ids.includes(user.id)) &&
      (externalIds.length === 0 || externalIds.includes(user.externalId ?? '')) &&
      (words === '' || searchText(user).includes(words)),
  )
}

function searchText(user: ClerkUser): string {
  return [user.id, fullName(user), ...user.emails.map(({ address }) => address)].join(' ').toLowerCase()
}

function order(by: string): (a: ClerkUser, b: ClerkUser) => number {
  const sign = by.startsWith('-') ? -1 : 1
  const field = by.replace(/^[+-]/, '') === 'updated_at' ? 'updatedMs' : 'createdMs'
  return (a, b) => sign * (a[field] - b[field]) || (a.id < b.id ? -1 : 1)
}

function merged(before: ClerkMetadata, changes: ClerkMetadata | undefined): ClerkMetadata {
  return Object.fromEntries(Object.entries({ ...before, ...changes }).filter(([, value]) => value !== null))
}

function newEmail(userId: string, address: string, number: number, createdMs: number) {
  return { id: derivedId('idn_', userId, number), address, verified: true, createdMs }
}

function emitClerk(
  world: World,
  type: 'user.created' | 'user.updated' | 'user.deleted',
  user: ClerkUser,
  data: Record<string, unknown>,
  atMs: number,
): void {
  const client = { client_ip: '192.0.2.10', user_agent: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)' }
  const json = JSON.stringify({
    type,
    object: 'event',
    data,
    timestamp: atMs,
    instance_id: INSTANCE_ID,
    event_attributes: { http_request: client },
  })
  const id = derivedId('msg_', user.id, world.nextNumber('webhook'))
  queueWebhook(world, { id, provider: 'clerk', type, subjectId: user.id, createdMs: atMs, json })
}
