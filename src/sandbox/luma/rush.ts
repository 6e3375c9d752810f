/** Events and the people who ask to come: one event as it is described, or a rush of tens of thousands of guests. */
import { z } from 'zod'
import { BadInputError, DAY_MS, HOUR_MS, MINUTE_MS } from '../../primitives/index.ts'
import { createRandom, type Random } from '../random.ts'
import type { World } from '../world.ts'
import { emailKey, GUEST_STATUSES, type LumaEvent, type LumaGuest, lumaId } from './model.ts'

const MAX_GUESTS = 100_000
const person = z.strictObject({
  email: z.string().regex(/^[^\s@]+@[^\s@]+$/, 'is an e-mail address'),
  name: z.string().min(1),
})

export const eventRequestSchema = z.strictObject({
  name: z.string().min(1),
  /** From now on the world's clock; negative for an event that has begun. */
  startsInMs: z.int(),
  guests: z
    .array(
      person.extend({
        ticket: z
          .strictObject({ amountCents: z.int().positive(), currency: z.string().regex(/^[a-z]{3}$/) })
          .optional(),
        status: z.enum(GUEST_STATUSES).default('pending_approval'),
      }),
    )
    .default([]),
})

export const rushRequestSchema = z
  .strictObject({
    events: z.int().min(1).max(1_000).default(30),
    guestsPerEvent: z.int().min(1).max(20_000).default(40),
    seed: z.union([z.int(), z.string()]).default(1),
    /** How many of an event's guests are members, as far as there are enough of them. */
    memberShare: z.number().min(0).max(1).default(0.6),
    /** How many have a paid ticket. */
    paidShare: z.number().min(0).max(1).default(0),
    /** Absent: everybody in the Slack workspace. */
    members: z.array(person).optional(),
  })
  .refine(({ events, guestsPerEvent }) => events * guestsPerEvent <= MAX_GUESTS, {
    message: `makes more than ${MAX_GUESTS} guests`,
    path: ['guestsPerEvent'],
  })

type Person = z.infer<typeof person>
type Rush = {
  events: { id: string; name: string }[]
  guests: number
  memberGuests: number
  paidGuests: number
}

/**
 * Puts an event into the calendar, with guests in the order in which they asked.
 * @throws BadInputError when an address asks twice
 */
export function createEvent(world: World, request: z.infer<typeof eventRequestSchema>): LumaEvent {
  const emails = new Set(request.guests.map(({ email }) => email.toLowerCase()))
  if (emails.size < request.guests.length) throw new BadInputError('An address is a guest of an event once.')
  const event = addEvent(world, request.name, world.clock.now() + request.startsInMs)
  for (const { ticket, status, ...who } of request.guests) addGuest(world, event, who, status, ticket)
  return event
}

/** Makes events in the coming weeks with pending guests, members and strangers mixed; the same seed, the same people. */
export function startRush(world: World, request: z.infer<typeof rushRequestSchema>): Rush {
  const random = createRandom(request.seed)
  const pool = request.members ?? workspace(world)
  const rush: Rush = { events: [], guests: 0, memberGuests: 0, paidGuests: 0 }
  for (let number = 0; number < request.events; number++) {
    const startMs = world.clock.now() + DAY_MS + number * 9 * HOUR_MS
    const event = addEvent(world, eventName(random), startMs)
    const price = 500 * (2 + Math.floor(random() * 9))
    const members = sample(random, pool, Math.round(request.memberShare * request.guestsPerEvent))
    const strangers = Array.from({ length: request.guestsPerEvent - members.length }, (_, index) =>
      stranger(random, index),
    )
    for (const who of sample(random, [...members, ...strangers], request.guestsPerEvent)) {
      const paid = random() < request.paidShare
      const ticket = paid ? { amountCents: price, currency: 'usd' } : undefined
      addGuest(world, event, who, 'pending_approval', ticket)
      if (paid) rush.paidGuests++
    }
    rush.events.push({ id: event.id, name: event.name })
    rush.guests += request.guestsPerEvent
    rush.memberGuests += members.length
  }
  return rush
}

function addEvent(world: World, name: string, startMs: number): LumaEvent {
  const id = lumaId('evt', name, world.luma.events.values().length)
  const timezone = 'Europe/London'
  const createdMs = world.clock.now()
  return world.luma.events.put(id, { id, name, startMs, endMs: startMs + 2 * HOUR_MS, timezone, createdMs })
}

function addGuest(
  world: World,
  event: LumaEvent,
  { email, name }: Person,
  status: LumaGuest['status'],
  ticket: { amountCents: number; currency: string } | undefined,
): void {
  const id = lumaId('gst', emailKey(event.id, email))
  world.luma.guests.put(id, {
    id,
    eventId: event.id,
    email,
    name,
    status,
    ticket: {
      amountCents: ticket?.amountCents ?? 0,
      currency: ticket?.currency ?? null,
      captured: ticket !== undefined && status === 'approved',
    },
    registeredMs: world.clock.now() - MINUTE_MS,
  })
}

function workspace(world: World): Person[] {
  return world.slack.users
    .values()
    .filter((user) => !user.bot && !user.deleted)
    .map(({ email, realName }) => ({ email, name: realName }))
}

/** So many of the list at random, each once, in random order. */
function sample<T>(random: Random, list: T[], count: number): T[] {
  const rest = [...list]
  const chosen: T[] = []
  while (chosen.length < count && rest.length > 0) {
    const index = Math.floor(random() * rest.length)
    const last = rest.pop()
    const picked = index < rest.length ? rest[index] : last
    if (picked === undefined || last === undefined) break
    if (index < rest.length) rest[index] = last
    chosen.push(picked)
  }
  return chosen
}

const GIVEN =
  'Ada Bruno Chioma Dara Emil Fatima Goran Hana Idris Jonas Keiko Lena Mateo Nadia Omar Priya'.split(' ')
const FAMILY =
  'Abebe Berg Castillo Dubois Eriksen Farah Gupta Hoang Ivanov Jensen Kovač Lopez Moreau Novak'.split(' ')
const TOPICS = 'Founders Design Climate Writers Hardware Research Product Food Music Running'.split(' ')
const KINDS = 'breakfast,salon,demo night,workshop,walk,book club,office hours'.split(',')

function stranger(random: Random, index: number): Person {
  const [given, family] = [pick(random, GIVEN), pick(random, FAMILY)]
  const plain = `${given}.${family}`
    .normalize('NFKD')
    .replace(/[^\w.]/g, '')
    .toLowerCase()
  return { name: `${given} ${family}`, email: `${plain}.${index}@strangers.example` }
}

function eventName(random: Random): string {
  return `${pick(random, TOPICS)} ${pick(random, KINDS)}`
}

function pick(random: Random, list: string[]): string {
  return list[Math.floor(random() * list.length)] ?? ''
}
