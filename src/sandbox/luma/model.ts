/** What Luma keeps: events, their guests, and what guests were mailed and charged. */
import { createHash } from 'node:crypto'
import { type IndexedCollection, indexed } from '../indexed.ts'
import type { Collection, Store } from '../store.ts'

export const GUEST_STATUSES = [
  'approved',
  'session',
  'pending_approval',
  'invited',
  'declined',
  'waitlist',
] as const
export type GuestStatus = (typeof GUEST_STATUSES)[number]

export type LumaEvent = {
  id: string
  name: string
  startMs: number
  endMs: number
  timezone: string
  createdMs: number
}

export type LumaGuest = {
  /** `gst-…`; the guest key (`g-…`) and the ticket's key have the same end. */
  id: string
  eventId: string
  email: string
  name: string
  status: GuestStatus
  ticket: {
    /** In the currency's smallest unit; 0 for a free ticket. */
    amountCents: number
    /** Three lower-case letters; null for a free ticket. */
    currency: string | null
    captured: boolean
  }
  registeredMs: number
}

/** A mail about a status. */
export type LumaMail = {
  id: string
  eventId: string
  guestId: string
  email: string
  status: GuestStatus
  message: string | null
  atMs: number
}

export type LumaCharge = {
  id: string
  eventId: string
  guestId: string
  email: string
  amountCents: number
  currency: string | null
  atMs: number
  refundedAtMs: number | null
}

export type Luma = {
  events: Collection<LumaEvent>
  /** By event, and by `emailKey`. */
  guests: IndexedCollection<LumaGuest, 'event' | 'email'>
  mails: Collection<LumaMail>
  charges: Collection<LumaCharge>
}

/** Opens Luma's part of the world. */
export function openLuma(store: Store): Luma {
  return {
    events: store.collection('luma-events'),
    guests: indexed(store.collection<LumaGuest>('luma-guests'), {
      event: ({ eventId }) => eventId,
      email: ({ eventId, email }) => emailKey(eventId, email),
    }),
    mails: store.collection('luma-mails'),
    charges: store.collection('luma-charges'),
  }
}

/**
 * An identifier as Luma makes them. It follows from what it names, so that the same seed makes the same world.
 * @param origin for a guest the event and the address, for a user the address
 */
export function lumaId(prefix: 'evt' | 'gst' | 'usr' | 'tkt', ...origin: (string | number)[]): string {
  const digest = createHash('sha256').update(origin.join(' ')).digest('base64url')
  return `${prefix}-${digest.replace(/[-_]/g, '').slice(0, 16)}`
}

/** The part of a guest's identifiers that they share. */
export function guestSuffix(guest: LumaGuest): string {
  return guest.id.slice('gst-'.length)
}

/** An address is a guest of an event once. */
export function emailKey(eventId: string, email: string): string {
  return `${eventId} ${email.toLowerCase()}`
}
