/**
 * Events by HTTP: `POST /api/events` takes one typed event or a list of them, each with a key of its own;
 * `POST /e/<key>` is what the official `inngest` package's `send()` talks to, so that an application which uses it needs
 * no change. An event is stored once by its name and key; what follows commits with it. An unknown name is stored and
 * answered without an error; data of the wrong shape is refused with the path of the fault, and then nothing of the
 * request is stored.
 */

import { and, eq, or, sql } from 'drizzle-orm'
import type { Context } from 'hono'
import { z } from 'zod'
import { type Database, type Transaction, tables } from '../database/index.ts'
import { type Clock, type Json, type Logger, newId, seam } from '../primitives/index.ts'
import { isBearer, isSecret } from './bearer.ts'
import { readRawBody } from './raw-body.ts'
import type { RefusalCounter } from './refusals.ts'
import { parseStorableJson } from './storable-json.ts'

/** An event that something follows from. */
export type KnownEvent = {
  name: string
  data: z.ZodType
  start(tx: Transaction, data: unknown, eventId: string): Promise<{ runId: string } | { problem: string }>
}

export type EventsOptions = {
  database: Database
  clock: Clock
  logger: Logger
  refusals: RefusalCounter
  /** The bearer, and the event key of an Inngest client. Null: the door is shut. */
  eventsKey: string | null
  known: readonly KnownEvent[]
  first<T>(work: () => Promise<T>): Promise<T>
}

const MOST_AT_ONCE = 1_000
/** More than these are no request that somebody waits for: runs that are under way are not held back meanwhile. */
const MOST_AT_ONCE_FIRST = 20
/** Name and key go into one index, which takes 2,700 bytes: https://www.postgresql.org/docs/current/btree.html (2026-11) */
const LONGEST_KEY = 500
const name = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine((text) => Buffer.byteLength(text) <= 600, 'Too long')
const jsonObject = z.record(z.string(), z.unknown())
const ownEvent = z.object({ name, key: z.string().min(1).max(LONGEST_KEY), data: jsonObject.default({}) })
/** What `inngest` 3 and 4 send; `id` is the sender's key, `ts` epoch milliseconds. */
const inngestEvent = z.looseObject({
  name,
  id: z.string().max(LONGEST_KEY).optional(),
  data: jsonObject.nullish(),
  ts: z.number().optional(),
})

type Incoming = { name: string; key: string; data: Json }
type Stored = {
  id: string
  name: string
  outcome: 'started' | 'unknown' | 'refused'
  runId: string | null
  problem: string | null
  repeated: boolean
}

/** `POST /api/events`: `{name, key, data}` or a list of at most a thousand. */
export function eventsHandler(options: EventsOptions): (context: Context) => Promise<Response> {
  return async (context) => {
    const { eventsKey } = options
    if (eventsKey === null) return answer(off(options))
    const header = context.req.header('authorization')
    if (!isBearer(header, eventsKey)) return answer(unauthorized(options, header))
    const read = await readEvents(context, ownEvent)
    if ('fault' in read) return answer(malformed(options, read))
    const stored = await receive(
      options,
      read.events.map(({ name, key, data }) => ({ name, key, data: data as Json })), // parsed from JSON
    )
    if ('fault' in stored) return answer(malformed(options, stored))
    return context.json({ events: stored.events }, 202)
  }
}

const SEED_HEADER = 'x-inngest-event-id-seed'

/** `POST /e/:key`: the ingest path of the `inngest` package. */
export function ingestHandler(options: EventsOptions): (context: Context) => Promise<Response> {
  return async (context) => {
    const { eventsKey } = options
    if (eventsKey === null) return answerPackage(off(options))
    if (!isSecret(context.req.param('key') ?? '', eventsKey))
      return answerPackage(unauthorized(options, 'given'))
    const read = await readEvents(context, inngestEvent)
    if ('fault' in read) return answerPackage(malformed(options, read))
    // The package repeats a request that failed with the same seed, so events without an id have one all the same.
    const seed = context.req.header(SEED_HEADER) ?? newId('seed')
    if (seed.length > LONGEST_KEY - 4)
      return answerPackage(malformed(options, { fault: `${SEED_HEADER}: Too long`, status: 400 }))
    const stored = await receive(
      options,
      read.events.map((event, index) => ({
        name: event.name,
        key: event.id || `${seed}/${index}`,
        data: (event.data ?? {}) as Json, // parsed from JSON
      })),
    )
    if ('fault' in stored) return answerPackage(malformed(options, stored))
    return context.json({ ids: stored.events.map(({ id }) => id), status: 200 })
  }
}

type Fault = { fault: string; status: 400 | 413 }

async function readEvents<T>(context: Context, schema: z.ZodType<T>): Promise<{ events: T[] } | Fault> {
  const rawBody = await readRawBody(context)
  if (!rawBody) return { fault: 'The body is larger than 1 MiB.', status: 413 }
  const body = parseStorableJson(rawBody)
  if (body === undefined || body === null) return { fault: 'The body is not JSON.', status: 400 }
  const list = Array.isArray(body) ? body : [body]
  if (list.length > MOST_AT_ONCE)
    return { fault: `At most ${MOST_AT_ONCE} events at once; these are ${list.length}.`, status: 400 }
  const parsed = z.array(schema).safeParse(list)
  if (parsed.success) return { events: parsed.data }
  return { fault: describe(parsed.error, Array.isArray(body)), status: 400 }
}

async function receive(options: EventsOptions, incoming: Incoming[]): Promise<{ events: Stored[] } | Fault> {
  if (incoming.length === 0) return { events: [] }
  const known = new Map(options.known.map((event) => [event.name, event]))
  for (const [index, event] of incoming.entries()) {
    const checked = known.get(event.name)?.data.safeParse(event.data)
    if (checked && !checked.success) {
      const path = incoming.length > 1 ? `${index}.data` : 'data'
      return { fault: describe(checked.error, true, path), status: 400 }
    }
  }
  const receiveAll = () =>
    options.database.transaction(async (tx) => {
      const stored = await storeAll(tx, options, incoming, known)
      seam('events.before-commit')
      return stored
    })
  const events = await (incoming.length > MOST_AT_ONCE_FIRST ? receiveAll() : options.first(receiveAll))
  seam('events.after-commit')
  for (const { id, name, outcome, runId, repeated } of events)
    options.logger.info(
      { event: 'event.received', id, name, outcome, runId, repeated },
      `Event ${name}: ${outcome}`,
    )
  return { events }
}

/** In few statements however many events: a batch of a thousand must not hold up everybody else for long. */
async function storeAll(
  tx: Transaction,
  options: EventsOptions,
  incoming: Incoming[],
  known: ReadonlyMap<string, KnownEvent>,
): Promise<Stored[]> {
  const { events } = tables
  const receivedAt = new Date(options.clock.now())
  const all = incoming.map((event) => ({ ...event, id: newId('evt') }))
  const inserted = await tx.db
    .insert(events)
    .values(all.map((event) => ({ ...event, receivedAt, outcome: 'unknown' as const })))
    .onConflictDoNothing({ target: [events.name, events.key] })
    .returning({ id: events.id })
  const isNew = new Set(inserted.map(({ id }) => id))
  const outcomes = new Map<string, Outcome>()
  for (const event of all)
    if (isNew.has(event.id)) outcomes.set(event.id, await begin(tx, event, known.get(event.name)))
  await writeOutcomes(tx, outcomes)
  const before = await readStored(
    tx,
    all.filter(({ id }) => !isNew.has(id)),
  )
  return all.map(({ id, name, key }) => {
    const outcome = outcomes.get(id)
    if (outcome) return { id, name, ...outcome, repeated: false }
    const earlier = before.get(JSON.stringify([name, key]))
    return { ...UNKNOWN, ...earlier, id: earlier?.id ?? id, name, repeated: true }
  })
}

type Outcome = Pick<Stored, 'outcome' | 'runId' | 'problem'>
const UNKNOWN: Outcome = {
  outcome: 'unknown',
  runId: null,
  problem: 'Nothing follows from events of this name.',
}

async function begin(
  tx: Transaction,
  event: Incoming & { id: string },
  known: KnownEvent | undefined,
): Promise<Outcome> {
  if (!known) return UNKNOWN
  const outcome = await known.start(tx, event.data, event.id)
  return 'runId' in outcome
    ? { outcome: 'started', runId: outcome.runId, problem: null }
    : { outcome: 'refused', runId: null, problem: outcome.problem }
}

async function writeOutcomes(tx: Transaction, outcomes: ReadonlyMap<string, Outcome>): Promise<void> {
  if (outcomes.size === 0) return
  const rows = [...outcomes].map(([id, { outcome, runId, problem }]) => ({ id, outcome, runId, problem }))
  await tx.db.execute(sql`
    update ${tables.events} as event set outcome = became.outcome, run_id = became."runId", problem = became.problem
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as became (id text, outcome text, "runId" text, problem text)
    where event.id = became.id`)
}

/** What came of the same events when they came for the first time, by name and key. */
async function readStored(
  tx: Transaction,
  repeated: readonly { name: string; key: string }[],
): Promise<Map<string, Outcome & { id: string }>> {
  if (repeated.length === 0) return new Map()
  const { events } = tables
  const { id, name, key, outcome, runId, problem } = events
  const rows = await tx.db
    .select({ id, name, key, outcome, runId, problem })
    .from(events)
    .where(or(...repeated.map((event) => and(eq(name, event.name), eq(key, event.key)))))
  return new Map(rows.map(({ name, key, ...stored }) => [JSON.stringify([name, key]), stored]))
}

function describe(error: z.ZodError, withIndex: boolean, prefix = ''): string {
  const [issue] = error.issues
  const path = (issue?.path ?? []).slice(withIndex || prefix ? 0 : 1).map(String)
  const where = [prefix, ...path].filter(Boolean).join('.')
  return `${where || 'the event'}: ${issue?.message ?? 'is not of the right shape'}`
}

type Refused = { status: number; code: string; message: string }

function off({ refusals }: EventsOptions): Refused {
  refusals('events', 'off')
  return { status: 503, code: 'off', message: 'Events are off: set EVENTS_KEY to turn them on.' }
}

function unauthorized({ refusals }: EventsOptions, given: string | undefined): Refused {
  refusals('events', given ? 'mismatch' : 'missing_header')
  const message = 'Send EVENTS_KEY as "Authorization: Bearer …", or as the event key.'
  return { status: 401, code: 'unauthorized', message }
}

function malformed({ refusals }: EventsOptions, { fault, status }: Fault): Refused {
  refusals('events', status === 413 ? 'too_large' : 'malformed')
  return { status, code: 'malformed', message: fault }
}

function answer({ status, code, message }: Refused): Response {
  return Response.json({ error: { code, message } }, { status })
}

/** The package throws what it finds in `error`; of any other shape it tells the status alone. */
function answerPackage({ status, message }: Refused): Response {
  return Response.json({ ids: [], status, error: message }, { status })
}
