/** Clerk's user, as webhooks and the API write it (snake_case) and as the SDK gives it (camelCase): one shape of ours. */
import { z } from 'zod'
import { isRecord, NeverRetryError } from '../../primitives/index.ts'
import type { ClerkUser } from '../membership-contract.ts'

const verification = z.looseObject({ status: z.string().nullish() }).nullish()

const asSent = z
  .looseObject({
    id: z.string().min(1),
    primary_email_address_id: z.string().nullish(),
    email_addresses: z.array(z.looseObject({ id: z.string(), email_address: z.string(), verification })),
    first_name: z.string().nullish(),
    last_name: z.string().nullish(),
    created_at: z.number(),
    updated_at: z.number(),
  })
  .transform((user) => ({
    id: user.id,
    primaryEmailAddressId: user.primary_email_address_id,
    emailAddresses: user.email_addresses.map((each) => ({ ...each, emailAddress: each.email_address })),
    firstName: user.first_name,
    lastName: user.last_name,
    createdAt: user.created_at,
    updatedAt: user.updated_at,
  }))

const asGiven = z.looseObject({
  id: z.string().min(1),
  primaryEmailAddressId: z.string().nullish(),
  emailAddresses: z.array(z.looseObject({ id: z.string(), emailAddress: z.string(), verification })),
  firstName: z.string().nullish(),
  lastName: z.string().nullish(),
  createdAt: z.number(),
  updatedAt: z.number(),
})

/** The user, or the field at fault. Only the primary address counts, and it is verified only if Clerk says so of it. */
export function parseUser(object: unknown): { user: ClerkUser } | { fault: string } {
  const schema = isRecord(object) && 'emailAddresses' in object ? asGiven : asSent
  const parsed = schema.safeParse(object)
  if (!parsed.success) return { fault: parsed.error.issues[0]?.path.join('.') || 'the object itself' }
  const { id, primaryEmailAddressId, emailAddresses, firstName, lastName, createdAt, updatedAt } = parsed.data
  const primary = emailAddresses.find((each) => each.id === primaryEmailAddressId)
  return {
    user: {
      id,
      email: primary?.emailAddress.toLowerCase() ?? null,
      emailVerified: primary?.verification?.status === 'verified',
      firstName: firstName || null,
      lastName: lastName || null,
      createdAtMs: createdAt,
      updatedAtMs: updatedAt,
    },
  }
}

/** Reads the `data` of a user event. @throws NeverRetryError that names the field at fault, never its content */
export function readUser(object: unknown): ClerkUser {
  const parsed = parseUser(object)
  if ('user' in parsed) return parsed.user
  throw new NeverRetryError(
    `This is no user of Clerk’s that can be read: ${parsed.fault} is not as expected.`,
    {
      facts: { provider: 'clerk', operation: 'read user', code: 'unreadable_object' },
    },
  )
}
