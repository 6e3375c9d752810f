import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import twilio from 'twilio'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { CLERK_EVENTS, STRIPE_EVENTS } from '../jobs/membership/index.ts'
import { slackDecisions } from '../start/slack-decisions.ts'
import {
  clerkHandler,
  eventsHandler,
  ingestHandler,
  scheduledJobHandler,
  slackInteractionHandler,
  stripeHandler,
  twilioSmsHandler,
} from '../webhooks/index.ts'
import { createServer } from './index.ts'
import { startTestServer } from './test-server.ts'

const RUNS = 900
const seed = Math.floor(Math.random() * 2 ** 31)
const ORIGIN = 'http://localhost:3000'
const SECRETS = {
  twilio: 'twilio-secret-of-tests',
  slack: 'slack-secret-of-tests',
  stripe: 'whsec_stripe_of_tests',
  clerk: `whsec_${Buffer.from('clerk-secret-of-tests').toString('base64')}`,
  events: 'events-key-of-tests',
  cron: 'cron-secret-of-tests',
}

let server: Awaited<ReturnType<typeof startTestServer>>
let app: ReturnType<typeof createServer>

beforeAll(async () => {
  server = await startTestServer(await createTestDatabase())
  app = createServer({ ...server.parts, webhooks: handlers() })
})
afterAll(() => server.stop())

function handlers() {
  const { database, clock, review, membership } = server
  const { logger } = server.parts
  const refusals = () => {}
  const first = <T>(work: () => Promise<T>) => work()
  const inbound = { database, clock, logger, refusals, first }
  const json = { ...inbound, startHandling: membership.startHandling }
  const events = { ...inbound, eventsKey: SECRETS.events, known: membership.events }
  const cron = { cronSecret: SECRETS.cron, publicUrl: ORIGIN, refusals, request: server.schedules.request }
  return {
    twilioSms: twilioSmsHandler({
      ...inbound,
      twilio: { authToken: SECRETS.twilio, accountSid: 'AC1' },
      publicUrl: ORIGIN,
      startReview: review.startReview,
    }),
    slackInteraction: slackInteractionHandler({
      ...inbound,
      slack: { signingSecret: SECRETS.slack, approvers: null },
      connector: server.outside.slack,
      decisions: slackDecisions(database, review),
    }),
    stripe: stripeHandler({ ...json, webhookSecret: SECRETS.stripe, handled: STRIPE_EVENTS }),
    clerk: clerkHandler({ ...json, webhookSecret: SECRETS.clerk, handled: CLERK_EVENTS }),
    events: eventsHandler(events),
    ingest: ingestHandler(events),
    lumaApproval: scheduledJobHandler(cron, 'tidying'),
    slackSync: scheduledJobHandler(cron, 'tidying'),
    cleanup: scheduledJobHandler(cron, 'tidying'),
  }
}

type Signed = { path: string; headers: Record<string, string> }
const hmac = (key: string | Buffer, text: string, form: 'hex' | 'base64') =>
  createHmac('sha256', key).update(text).digest(form)
const bearer = (secret: string) => ({ 'content-type': 'application/json', authorization: `Bearer ${secret}` })
let nth = 0
/** Each source as its own sender signs it: what comes behind the signature is up to anybody. */
const SIGN: Record<string, (raw: string, nowS: string) => Signed> = {
  twilio: (raw) => {
    const path = '/webhooks/twilio-sms'
    const fields = Object.create(null)
    for (const [name, value] of new URLSearchParams(raw)) fields[name] = value
    return {
      path,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': twilio.getExpectedTwilioSignature(SECRETS.twilio, ORIGIN + path, fields),
      },
    }
  },
  slack: (raw, nowS) => ({
    path: '/webhooks/slack-interaction',
    headers: {
      'x-slack-request-timestamp': nowS,
      'x-slack-signature': `v0=${hmac(SECRETS.slack, `v0:${nowS}:${raw}`, 'hex')}`,
    },
  }),
  stripe: (raw, nowS) => ({
    path: '/webhooks/stripe',
    headers: { 'stripe-signature': `t=${nowS},v1=${hmac(SECRETS.stripe, `${nowS}.${raw}`, 'hex')}` },
  }),
  clerk: (raw, nowS) => ({
    path: '/webhooks/clerk',
    headers: {
      'svix-id': `msg_${++nth}`,
      'svix-timestamp': nowS,
      'svix-signature': `v1,${hmac(Buffer.from('clerk-secret-of-tests'), `msg_${nth}.${nowS}.${raw}`, 'base64')}`,
    },
  }),
  events: () => ({ path: '/api/events', headers: bearer(SECRETS.events) }),
  ingest: () => ({ path: `/e/${SECRETS.events}`, headers: {} }),
  cron: () => ({ path: '/api/jobs/luma-auto-approve', headers: bearer(SECRETS.cron) }),
}

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\u0000', '\ud800', '', '__proto__', "'; drop table users; --", '+14155550123', 'STOP'),
  fc.string({ minLength: 2_000, maxLength: 3_000 }),
)
const value = fc.oneof(text, fc.jsonValue(), fc.double(), fc.constantFrom(null, -1, 1e300, 253402300800))
const object = (names: string[]) => fc.dictionary(fc.constantFrom(...names), value)
const payload = fc.oneof(
  // Stripe's and Clerk's
  fc.record({
    id: fc.oneof(fc.uuid(), text),
    object: fc.constant('event'),
    type: fc.oneof(fc.constantFrom(...STRIPE_EVENTS, ...CLERK_EVENTS), text),
    created: value,
    data: fc.oneof(
      fc.record({
        object: object([
          'id',
          'customer',
          'status',
          'items',
          'subscription',
          'email',
          'current_period_end',
          '__proto__',
        ]),
      }),
      object(['id', 'first_name', 'email_addresses', 'primary_email_address_id', 'external_accounts']),
      value,
    ),
  }),
  // ours and Inngest's
  fc.array(
    fc.record({
      name: fc.oneof(fc.constantFrom('member.created', 'member.sync', 'user.created', 'webhook.retry'), text),
      key: fc.oneof(fc.uuid(), text),
      id: text,
      data: object(['memberId', 'email', 'reason', 'deliveryId', '__proto__']),
    }),
    { maxLength: 4 },
  ),
  // Slack's
  fc.record({
    type: fc.oneof(fc.constantFrom('block_actions', 'view_submission', 'shortcut'), text),
    user: fc.oneof(fc.record({ id: text, name: text }), value),
    trigger_id: text,
    actions: fc.oneof(fc.array(object(['action_id', 'value', 'type', 'block_id']), { maxLength: 2 }), value),
    view: fc.oneof(object(['callback_id', 'private_metadata', 'state', 'id']), value),
    channel: object(['id']),
    message: object(['ts']),
  }),
)
const form = fc
  .dictionary(
    fc.oneof(
      fc.constantFrom('MessageSid', 'AccountSid', 'From', 'To', 'Body', 'NumMedia', 'OptOutType', 'payload'),
      text,
    ),
    fc.oneof(
      text,
      fc.constantFrom('AC1', 'SM1', 'SM2'),
      payload.map((one) => JSON.stringify(one)),
    ),
  )
  .map((fields) => new URLSearchParams(fields).toString())
const raw = fc.oneof(
  { weight: 3, arbitrary: payload.map((one) => JSON.stringify(one)) },
  { weight: 2, arbitrary: payload.map((one) => `payload=${encodeURIComponent(JSON.stringify(one))}`) },
  { weight: 2, arbitrary: form },
  fc.string({ unit: 'binary' }).map((one) => one.toWellFormed()),
)

test('whatever a sender signs, the answer is in order', async () => {
  console.log(`fuzz seed ${seed}`)
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(SIGN)), raw, async (source, body) => {
      const nowS = String(Math.floor(Date.now() / 1_000))
      const signed = SIGN[source]?.(body, nowS)
      if (!signed) throw new Error(source)
      const { path, headers } = signed
      const answer = await app.request(path, { method: 'POST', headers, body })
      const said = await answer.text()
      expect(server.logged, `${source}: ${said}`).toEqual([])
      expect(answer.status, `${source}: ${said}`).toBeLessThan(500)
      expect(said).not.toMatch(/ at .*\.[mt]?[jt]s:\d+|node_modules|select .* from/i)
      for (const secret of Object.values(SECRETS)) expect(said).not.toContain(secret)
    }),
    { seed, numRuns: RUNS },
  )
}, 180_000)

test('what nobody signed is refused, whatever the headers', async () => {
  console.log(`fuzz seed ${seed}`)
  const header = fc.oneof(
    fc.string({ unit: 'grapheme-ascii', maxLength: 120 }),
    fc.constantFrom('v0=', 't=1,v1=a', 'Bearer '),
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(SIGN)), raw, header, async (source, body, forged) => {
      const signed = SIGN[source]?.('', '0')
      if (!signed || source === 'ingest') return
      const headers = Object.fromEntries(
        Object.entries(signed.headers).map(([name, value]) => [
          name,
          name === 'content-type' ? value : forged,
        ]),
      )
      const answer = await app.request(signed.path, { method: 'POST', headers, body })
      const said = await answer.text()
      expect([400, 401, 403, 413], `${source}: ${said}`).toContain(answer.status)
      expect(server.logged).toEqual([])
    }),
    { seed, numRuns: 300 },
  )
}, 120_000)
