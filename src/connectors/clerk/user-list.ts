/**
 * Clerk's users page by page. Its pages are counted from the beginning of the list, so an account that is deleted while
 * the list is read moves everybody after it forward: each page begins some places before the end of the last one, and
 * who was on that one is left out.
 * https://clerk.com/docs/reference/backend/user/get-user-list (2026-11)
 */
import { isRecord } from '../../primitives/index.ts'
import { errorFor } from '../failures.ts'
import type { ClerkUser, Listed, Page } from '../membership-contract.ts'
import { parseUser } from './clerk-user.ts'

/** `after`: who was last on the page before. */
export type Place = { offset: number; limit: number; after: string | null }

const PAGE_SIZE = 100
/** So many accounts may be deleted between two pages, and nobody is passed over. */
const OVERLAP = 10

export const firstPage: Place = { offset: 0, limit: PAGE_SIZE, after: null }

/** Where a cursor of ours points: `90:user_1`. */
export function readPlace(cursor: string): Place {
  const [, offset = '0', after = ''] = /^(\d+):(.*)$/.exec(cursor) ?? []
  return { offset: Number(offset), limit: PAGE_SIZE, after: after || null }
}

/** What is new on the page that was asked for at `place`. @throws RetryError when it is no list */
export function nextPage({ offset, limit, after }: Place, users: unknown): Page<Listed<ClerkUser>> {
  const call = { provider: 'clerk', operation: 'users.getUserList', effect: 'repeatable' } as const
  if (!Array.isArray(users)) throw errorFor(call, { kind: 'unreadable', status: 200 })
  const listed = users.map(readListed)
  const items = listed.slice(after === null ? 0 : listed.findIndex(({ id }) => id === after) + 1)
  const last = listed.at(-1)
  if (users.length < limit || !last) return { items, next: null }
  return { items, next: `${offset + users.length - OVERLAP}:${last.id}` }
}

function readListed(object: unknown): Listed<ClerkUser> {
  const parsed = parseUser(object)
  if ('user' in parsed) return { id: parsed.user.id, object: parsed.user }
  const id = isRecord(object) && typeof object.id === 'string' ? object.id : ''
  return { id, fault: parsed.fault }
}
