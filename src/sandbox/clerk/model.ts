/** What Clerk keeps of a community: its users. All times in ms. */
import { type IndexedCollection, indexed } from '../indexed.ts'
import type { Collection, Store } from '../store.ts'

export type ClerkEmail = { id: string; address: string; verified: boolean; createdMs: number }
export type ClerkMetadata = Record<string, unknown>

export type ClerkUser = {
  id: string
  firstName: string | null
  lastName: string | null
  username: string | null
  externalId: string | null
  emails: ClerkEmail[]
  primaryEmailId: string | null
  publicMetadata: ClerkMetadata
  privateMetadata: ClerkMetadata
  unsafeMetadata: ClerkMetadata
  banned: boolean
  locked: boolean
  createdMs: number
  updatedMs: number
  lastSignInMs: number | null
  /** Gone for the API; the control API still shows that it was there. */
  deleted: boolean
}

export type ClerkWorld = {
  users: IndexedCollection<ClerkUser, 'email'>
  /** The public key of session tokens, made when it is first asked for. */
  keys: Collection<Record<string, unknown>>
}

/** Opens Clerk's collections. Every user here has at most one address that others can be found by: the primary one. */
export function openClerk(store: Store): ClerkWorld {
  return {
    users: indexed(store.collection<ClerkUser>('clerk-users'), {
      email: (user) => (user.deleted ? null : (primaryEmail(user)?.toLowerCase() ?? null)),
    }),
    keys: store.collection('clerk-keys'),
  }
}

/** The address that counts. */
export function primaryEmail(user: ClerkUser): string | undefined {
  return user.emails.find(({ id }) => id === user.primaryEmailId)?.address
}
