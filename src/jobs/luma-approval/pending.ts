import type { LumaGuest } from '../../connectors/membership-contract.ts'
import type { MembershipParts } from '../membership/parts.ts'

/** Every pending guest of an event. */
export async function listPending(parts: MembershipParts, eventId: string): Promise<LumaGuest[]> {
  const guests = new Map<string, LumaGuest>()
  let cursor: string | null = null
  do {
    const page: { items: LumaGuest[]; next: string | null } = await parts.connectors.luma.listPendingGuests({
      eventId,
      cursor,
    })
    for (const guest of page.items) guests.set(guest.id, guest)
    cursor = page.next
  } while (cursor !== null)
  return [...guests.values()]
}
