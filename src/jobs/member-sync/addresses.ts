/** The addresses under which Mailchimp may have a member: noted before a contact is made, forgotten once it is put away. */
import { changeMember, lockMember, type Member, membersByEmail } from '../../community/index.ts'
import { seam } from '../../primitives/index.ts'
import type { MembershipParts } from '../membership/parts.ts'

/** What a member is tagged at Mailchimp. */
export const MEMBER_TAG = 'active'

/** Every address under which Mailchimp may have them, oldest first. */
export function knownAddresses({ mailchimpEmail, mailchimpFormer }: Member): string[] {
  return [...(mailchimpFormer ?? []), ...(mailchimpEmail === null ? [] : [mailchimpEmail])]
}

/** Archives the contact, unless its address is somebody else's. First the tag: who comes back is not a member by that. */
export async function putAway(parts: MembershipParts, email: string): Promise<boolean> {
  const { mailchimp } = parts.connectors
  if (await somebodyHas(parts, email)) return false
  const contact = await mailchimp.findContact(email)
  if (contact === null || contact.status === 'archived') return true
  await mailchimp.setTags(email, [{ name: MEMBER_TAG, active: false }])
  await mailchimp.archiveContact(email)
  return true
}

/** Who deleted their account and signed up again is a new person with the old address. */
async function somebodyHas(parts: MembershipParts, email: string): Promise<boolean> {
  return (await membersByEmail(parts.database.db, [email])).size > 0
}

/**
 * Before the contact is made: whoever comes after a crash, this run or the one that puts away a deleted account, must know
 * under which addresses Mailchimp may have them.
 * @returns the addresses under which it may have them still, oldest first; null when they are gone, or one with another
 *   member, by now
 */
export async function noteAddress(
  parts: MembershipParts,
  member: Member,
  email: string,
): Promise<string[] | null> {
  const formerOf = (known: Member) => knownAddresses(known).filter((address) => address !== email)
  if (member.mailchimpEmail === email) return formerOf(member)
  const noted = await parts.database.transaction(async (tx) => {
    const now = await lockMember(tx, member.id)
    if (!now || now.deletedAt) return null
    const mailchimpFormer = formerOf(now)
    await changeMember(tx, member.id, { mailchimpEmail: email, mailchimpFormer }, parts.clock.now())
    return mailchimpFormer
  })
  seam('member-sync.after-address')
  return noted
}

/** Of the former ones exactly those that have been put away: another member may have become one with this one meanwhile, and brought theirs. */
export async function forgetAddresses(
  parts: MembershipParts,
  memberId: string,
  addresses: readonly string[],
): Promise<void> {
  if (addresses.length === 0) return
  await parts.database.transaction(async (tx) => {
    const now = await lockMember(tx, memberId)
    if (!now) return
    const former = (now.mailchimpFormer ?? []).filter((address) => !addresses.includes(address))
    const mailchimpFormer = former.length > 0 ? former : null
    await changeMember(tx, memberId, { mailchimpFormer }, parts.clock.now())
  })
}

/**
 * The address of the contact that becomes theirs under the new one, with its consent: the last that Mailchimp knows, for
 * an address was noted before its contact was made, which may never have happened. Where two people changed addresses
 * with each other, the contact of the one is not the other's to move.
 */
export async function contactToMove(
  parts: MembershipParts,
  former: readonly string[],
): Promise<string | null> {
  for (const address of former.toReversed()) {
    if (await somebodyHas(parts, address)) continue
    if ((await parts.connectors.mailchimp.findContact(address)) !== null) return address
  }
  return null
}
