/** What happens to a contact without us: they leave, they confirm, their mailbox bounces. */
import { BadInputError, NotFoundError } from '../../primitives/index.ts'
import type { World } from '../world.ts'
import { keep } from './members.ts'
import { type Contact, findContact } from './model.ts'

/**
 * The person uses the link in a mail, or Mailchimp cleans the address after bounces.
 * @throws NotFoundError when there is no such contact, BadInputError when nobody was asked to confirm
 */
export function contactActs(world: World, email: string, act: 'unsubscribe' | 'clean' | 'confirm'): Contact {
  const contact = findContact(world.mailchimp, email)
  if (!contact) throw new NotFoundError('There is no contact with this address.')
  switch (act) {
    case 'unsubscribe':
      return keep(world, { ...contact, status: 'unsubscribed', compliance: 'unsubscribed' })
    case 'clean':
      return keep(world, { ...contact, status: 'cleaned', compliance: 'cleaned' })
    case 'confirm':
      if (contact.status !== 'pending') throw new BadInputError('This contact was not asked to confirm.')
      return keep(world, { ...contact, status: 'subscribed', compliance: null })
  }
}
