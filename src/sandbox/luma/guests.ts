/** An event's guests: list, show, and what approving or declining one does. */
import { z } from 'zod'
import { newId } from '../../primitives/index.ts'
import type { Fields } from '../pipeline.ts'
import type { World } from '../world.ts'
import { type LumaAnswer, page, refuse } from './answers.ts'
import { emailKey, GUEST_STATUSES, guestSuffix, type LumaGuest, lumaId } from './model.ts'

const statusSchema = z.object({
  event_id: z.string(),
  guest_id: z.string(),
  status: z.enum(['approved', 'declined', 'pending_approval', 'waitlist']),
  should_refund: z.boolean().default(false),
  send_email: z.boolean().nullish(),
  message: z.string().max(200).nullish(),
})
type StatusChange = z.infer<typeof statusSchema>

/** GET /v1/events/guests/list */
export function listGuests(world: World, fields: Fields): LumaAnswer {
  const eventId = String(fields.event_id ?? '')
  if (!world.luma.events.get(eventId)) return refuse(404, 'Event not found.')
  const status = fields.approval_status
  if (status !== undefined && !GUEST_STATUSES.some((each) => each === status)) {
    return refuse(400, `approval_status is one of ${GUEST_STATUSES.join(', ')}.`)
  }
  return page(
    sorted(world.luma.guests.find('event', eventId), fields),
    fields,
    (guest) => status === undefined || guest.status === status,
    guestResource,
  )
}

/** GET /v1/events/guests/get: by guest id, guest key, ticket key or address. */
export function showGuest(world: World, fields: Fields): LumaAnswer {
  const guest = findGuest(world, String(fields.event_id ?? ''), String(fields.id ?? ''))
  if (!guest) return refuse(404, 'Guest not found.')
  const { id, name, checked_in_at, event_ticket_type_id, ...order } = ticketResource(guest)
  const event_ticket_orders = [{ id, ...order, coupon_info: null }]
  return { status: 200, body: { ...guestResource(guest), event_ticket_orders } }
}

/**
 * POST /v1/events/guests/update-status. Whether Luma mails again for a status that a guest has already is not
 * documented; here it does, so that whoever approves twice is found out. A paid ticket is charged once.
 */
export function updateStatus(world: World, fields: Fields): LumaAnswer {
  const parsed = statusSchema.safeParse(fields)
  if (!parsed.success) return refuse(400, z.prettifyError(parsed.error))
  const change = parsed.data
  const mails = change.send_email !== false
  if (!mails && change.message) return refuse(400, "message can't be combined with send_email: false.")
  if (!world.luma.events.get(change.event_id)) return refuse(404, 'Event not found.')
  const guest = findGuest(world, change.event_id, change.guest_id)
  if (!guest) return refuse(404, 'Guest not found.')
  const ticket = { ...guest.ticket, captured: settle(world, guest, change) }
  world.luma.guests.put(guest.id, { ...guest, status: change.status, ticket })
  if (mails && (change.status === 'approved' || change.status === 'declined')) {
    const id = newId('mail')
    world.luma.mails.put(id, {
      id,
      eventId: guest.eventId,
      guestId: guest.id,
      email: guest.email,
      status: change.status,
      message: change.message ?? null,
      atMs: world.clock.now(),
    })
  }
  return { status: 200, body: {} }
}

/** Takes the money of an approved guest's ticket, or gives it back. True when the money is with the host. */
function settle(world: World, guest: LumaGuest, change: StatusChange): boolean {
  const { amountCents, currency, captured } = guest.ticket
  const { charges } = world.luma
  if (change.status === 'approved') {
    if (amountCents === 0 || captured) return captured
    const id = newId('charge')
    const { eventId, id: guestId, email } = guest
    const atMs = world.clock.now()
    charges.put(id, { id, eventId, guestId, email, amountCents, currency, atMs, refundedAtMs: null })
    return true
  }
  if (!captured || !change.should_refund) return captured
  const charge = charges.values().find((each) => each.guestId === guest.id && each.refundedAtMs === null)
  if (charge) charges.put(charge.id, { ...charge, refundedAtMs: world.clock.now() })
  return false
}

function findGuest(world: World, eventId: string, given: string): LumaGuest | undefined {
  const { guests } = world.luma
  if (given.includes('@')) return guests.find('email', emailKey(eventId, given))[0]
  const guest = guests.get(`gst-${given.replace(/^gs?t?-/, '')}`)
  return guest?.eventId === eventId ? guest : undefined
}

/** Guests are kept in the order in which they registered. */
function sorted(guests: LumaGuest[], { sort_column, sort_direction }: Fields): LumaGuest[] {
  if (sort_column === 'name' || sort_column === 'email') {
    guests.sort((a, b) => a[sort_column].localeCompare(b[sort_column]))
  }
  return String(sort_direction ?? 'asc').startsWith('desc') ? guests.reverse() : guests
}

function guestResource(guest: LumaGuest): Record<string, unknown> {
  const [firstName = '', ...lastNames] = guest.name.split(' ')
  return {
    id: guest.id,
    user_id: lumaId('usr', guest.email),
    user_email: guest.email,
    user_name: guest.name,
    user_first_name: firstName,
    user_last_name: lastNames.join(' ') || null,
    approval_status: guest.status,
    check_in_qr_code: `https://luma.com/check-in/${guest.eventId}?pk=g-${guestSuffix(guest)}`,
    eth_address: null,
    invited_at: null,
    joined_at: null,
    phone_number: null,
    registered_at: new Date(guest.registeredMs).toISOString(),
    registration_answers: [],
    solana_address: null,
    utm_source: null,
    event_tickets: [ticketResource(guest)],
  }
}

function ticketResource(guest: LumaGuest) {
  const { amountCents, currency, captured } = guest.ticket
  return {
    id: guestSuffix(guest),
    amount: amountCents,
    amount_discount: 0,
    amount_tax: 0,
    currency,
    checked_in_at: null,
    event_ticket_type_id: lumaId('tkt', guest.eventId, amountCents),
    is_captured: captured,
    name: amountCents === 0 ? 'Standard' : 'Supporter',
  }
}
