import { createClerkClient } from '@clerk/backend'
import { NeverRetryError, SECOND_MS } from '../../primitives/index.ts'
import type { Gate } from '../contract.ts'
import { attempt, type Call, errorFor, orNull } from '../failures.ts'
import type { ClerkConnector } from '../membership-contract.ts'
import { clerkError } from './clerk-errors.ts'
import { parseUser, readUser } from './clerk-user.ts'
import { firstPage, nextPage, type Place, readPlace } from './user-list.ts'

export type ClerkSettings = {
  /** Null: users cannot be read again. */
  secretKey: string | null
  /** What replaces `https://api.clerk.com`; may have a path prefix. */
  apiUrl?: string | undefined
  timeoutMs?: number | undefined
}

type Client = ReturnType<typeof createClerkClient>

/** Clerk through its official SDK, without its telemetry. */
export function createClerkConnector(settings: ClerkSettings, gate: Gate): ClerkConnector {
  const { secretKey, apiUrl, timeoutMs = 15 * SECOND_MS } = settings
  const client = secretKey
    ? createClerkClient({
        secretKey,
        ...(apiUrl === undefined ? {} : { apiUrl: apiUrl.replace(/\/+$/, '') }),
        telemetry: { disabled: true },
      })
    : null
  const calling = async <T>(
    operation: string,
    act: (client: Client, call: Call) => Promise<T>,
  ): Promise<T> => {
    if (!client) throw withoutKey(operation)
    return attempt(gate, { provider: 'clerk', operation, effect: 'repeatable' }, clerkError, (call) =>
      withDeadline(act(client, call), timeoutMs),
    )
  }
  return {
    canRead: client !== null,

    user: (id) =>
      orNull(
        calling('users.getUser', async ({ users }, call) => {
          const parsed = parseUser(await users.getUser(id))
          if ('fault' in parsed) throw errorFor(call, { kind: 'unreadable', status: 200 })
          return parsed.user
        }),
        ({ status }) => status === 404,
      ),

    async listUsers(cursor) {
      const place: Place = cursor === null ? firstPage : readPlace(cursor)
      const users: unknown = await calling('users.getUserList', async ({ users }) => {
        const { offset, limit } = place
        return (await users.getUserList({ offset, limit, orderBy: '+created_at' })).data
      })
      return nextPage(place, users)
    },

    readUser,

    async ping() {
      await calling('users.getCount', async ({ users }, call) => {
        const count: unknown = await users.getCount()
        if (typeof count !== 'number') throw errorFor(call, { kind: 'unreadable', status: 200 })
      })
    },
  }
}

/** The SDK waits for an answer for ever: only reads go through it, so one that comes too late harms nothing. */
async function withDeadline<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new DOMException('Clerk did not answer in time', 'TimeoutError')),
      timeoutMs,
    )
  })
  try {
    return await Promise.race([answer, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

/** A key may be missing where Clerk only sends events. */
function withoutKey(operation: string): NeverRetryError {
  return new NeverRetryError('Clerk cannot be asked: CLERK_SECRET_KEY is not set.', {
    facts: { provider: 'clerk', operation, code: 'no_secret_key' },
  })
}
