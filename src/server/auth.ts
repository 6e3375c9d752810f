/**
 * Sign-in: better-auth with e-mail and password on our own tables. Nobody signs up by themselves: people arrive by a
 * one-time link (`invitations.ts`), and in the sandbox by a click (`sandbox-door.ts`). Nothing here calls out.
 */
import { betterAuth } from 'better-auth'
import { drizzleAdapter } from 'better-auth/adapters/drizzle'
import { createAuthMiddleware } from 'better-auth/api'
import { z } from 'zod'
import { tables } from '../database/index.ts'
import { DAY_MS, parseJson, SECOND_MS } from '../primitives/index.ts'
import { clientAddressBehind } from './client-address.ts'
import type { ApiError } from './contract.ts'
import type { Person, ServerContext, ServerParts } from './parts.ts'
import { isSandboxEmail, sandboxDoorIsOpen } from './sandbox-door.ts'

export type Auth = {
  /** Answers better-auth's own paths under `/api/auth`. */
  handle(context: ServerContext): Promise<Response>
  /** The person behind the session cookie; null when there is none. A renewed cookie goes out with the answer. */
  whoIs(context: ServerContext): Promise<Person | null>
  /** Whether the session still holds. Changes nothing: for answers whose headers have gone out. */
  isStillSignedIn(context: ServerContext): Promise<boolean>
  /** Signs in and sets the session cookie on the answer. The password is one that we have just set or checked. */
  signIn(context: ServerContext, credentials: { email: string; password: string }): Promise<void>
}

export const PASSWORD_LENGTH = { min: 8, max: 128 }
const SESSION_MS = 30 * DAY_MS
/** Guesses at passwords from one address. */
const SIGN_IN_LIMIT = { window: 60, max: 20 }
/** Set by us on every request to better-auth, so that no client can claim an address. */
const ADDRESS_HEADER = 'x-kinkeeper-client-address'

const personSchema = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  role: z.enum(tables.ROLES),
})

/** Makes the sign-in room on the installation's database. */
export function createAuth(parts: ServerParts): Auth {
  const auth = createBetterAuth(parts)
  const addressOf = clientAddressBehind(parts.trustedProxies)
  return {
    async handle(context) {
      const answer = await auth.handler(withAddress(context.req.raw, addressOf(context)))
      return answer.ok ? answer : refusal(answer)
    },
    async whoIs(context) {
      const { headers, response } = await auth.api.getSession({
        headers: context.req.raw.headers,
        returnHeaders: true,
      })
      const person = response && admit(parts, response.user)
      if (person) passCookies(headers, context)
      return person
    },
    async isStillSignedIn(context) {
      const session = await auth.api.getSession({
        headers: context.req.raw.headers,
        query: { disableRefresh: true },
      })
      return session !== null && admit(parts, session.user) !== null
    },
    async signIn(context, credentials) {
      const { headers } = await auth.api.signInEmail({ body: credentials, returnHeaders: true })
      passCookies(headers, context)
    },
  }
}

/** The sandbox's people are let in by a click; where that door is shut they are nobody. */
function admit(parts: ServerParts, user: unknown): Person | null {
  const person = personSchema.parse(user)
  return isSandboxEmail(person.email) && !sandboxDoorIsOpen(parts) ? null : person
}

function createBetterAuth({ database, logger, publicUrl, sessionSecret }: ServerParts) {
  return betterAuth({
    appName: 'Kinkeeper',
    // A path in PUBLIC_URL is the proxy's: what reaches us begins with ours.
    baseURL: new URL(publicUrl).origin,
    basePath: '/api/auth',
    secret: sessionSecret,
    database: drizzleAdapter(database.db, {
      provider: 'pg',
      schema: {
        user: tables.users,
        session: tables.sessions,
        account: tables.accounts,
        verification: tables.verifications,
      },
    }),
    user: {
      additionalFields: { role: { type: 'string', required: true, defaultValue: 'viewer', input: false } },
    },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: PASSWORD_LENGTH.min,
      maxPasswordLength: PASSWORD_LENGTH.max,
    },
    session: { expiresIn: SESSION_MS / SECOND_MS, updateAge: DAY_MS / SECOND_MS },
    rateLimit: {
      enabled: true,
      window: 10,
      max: 100,
      storage: 'memory',
      customRules: { '/sign-in/email': SIGN_IN_LIMIT },
    },
    trustedOrigins: (request) => trustedOrigins(publicUrl, request),
    advanced: {
      cookiePrefix: 'kinkeeper',
      useSecureCookies: publicUrl.startsWith('https:'),
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
      // `security.ts` checks the origin of every request that changes something, these included.
      disableCSRFCheck: true,
    },
    hooks: {
      // Who changes a password may fear that somebody else knows it: whoever is signed in with it is so no more.
      before: createAuthMiddleware(async ({ path, body }) =>
        path === '/change-password'
          ? { context: { body: { ...body, revokeOtherSessions: true } } }
          : undefined,
      ),
    },
    // What is unexpected goes to `errors.ts`, like everything else.
    onAPIError: { throw: true },
    telemetry: { enabled: false },
    logger: {
      log: (level, message) => logger[level]({ event: 'sign-in' }, message),
    },
  })
}

/** The public address, and the loopback names of wherever this request arrived. */
function trustedOrigins(publicUrl: string, request: Request | undefined): string[] {
  const { port } = new URL(request?.url ?? publicUrl)
  const suffix = port === '' ? '' : `:${port}`
  return [new URL(publicUrl).origin, `http://localhost${suffix}`, `http://127.0.0.1${suffix}`]
}

function withAddress(from: Request, address: string | null): Request {
  const request = new Request(from)
  if (address === null) request.headers.delete(ADDRESS_HEADER)
  else request.headers.set(ADDRESS_HEADER, address)
  return request
}

const refusalSchema = z.object({ code: z.string().optional(), message: z.string().optional() })

/** better-auth's refusals are `{code, message}`; ours are `{error: {code, message}}`. */
async function refusal(answer: Response): Promise<Response> {
  const { code, message } = refusalSchema.catch({}).parse(parseJson(await answer.text()))
  const retryAfter = answer.headers.get('x-retry-after')
  const body: ApiError = {
    error: { code: code?.toLowerCase() ?? 'refused', message: message ?? 'This was refused. Sign in again.' },
  }
  return Response.json(body, {
    status: answer.status,
    headers: retryAfter === null ? {} : { 'retry-after': retryAfter },
  })
}

function passCookies(from: Headers, context: ServerContext): void {
  for (const cookie of from.getSetCookie()) context.header('set-cookie', cookie, { append: true })
}
