/** What Mailchimp keeps: contacts by their hash, the addresses it must forget, and the numbers of tags. */
import { createHash } from 'node:crypto'
import { type IndexedCollection, indexed } from '../indexed.ts'
import type { Collection, Store } from '../store.ts'

export type ContactStatus =
  | 'subscribed'
  | 'unsubscribed'
  | 'cleaned'
  | 'pending'
  | 'transactional'
  | 'archived'

/** A mail that an automation sent to the contact. A classic automation's ids are texts, a journey's are numbers. */
export type ContactMail = { journeyId: number | string; stepId: number | string; atMs: number }

export type Contact = {
  email: string
  contactId: string
  webId: number
  status: ContactStatus
  /**
   * Why the contact cannot be subscribed by us: left, or bounced. Only the person can lift it, by confirming. It is
   * set whoever unsubscribed the contact, through the API or not, which is the worse of what is reported.
   */
  compliance: 'unsubscribed' | 'cleaned' | null
  mergeFields: Record<string, string | number>
  emailType: string
  language: string
  vip: boolean
  tags: { id: number; name: string; addedMs: number }[]
  events: { name: string; properties: Record<string, string>; atMs: number }[]
  mails: ContactMail[]
  /** When Mailchimp asked the person to confirm, which is a mail as well. */
  confirmationsMs: number[]
  createdMs: number
  changedMs: number
}

export type Mailchimp = {
  contacts: IndexedCollection<Contact, 'contactId'>
  /** Deleted for good, by hash. */
  forgotten: Collection<{ sinceMs: number }>
  tagIds: Collection<number>
}

/** Opens Mailchimp's part of the world. */
export function openMailchimp(store: Store): Mailchimp {
  const contacts = store.collection<Contact>('mailchimp-contacts')
  return {
    contacts: indexed(contacts, { contactId: ({ contactId }) => contactId }),
    forgotten: store.collection('mailchimp-forgotten'),
    tagIds: store.collection('mailchimp-tag-ids'),
  }
}

/** Mailchimp's name for an address: the MD5 of it in lower case. */
export function hashOf(email: string): string {
  return createHash('md5').update(email.toLowerCase()).digest('hex')
}

/** Finds a contact by what a path may hold: hash, address, or contact_id. */
export function findContact({ contacts }: Mailchimp, given: string): Contact | undefined {
  if (given.includes('@')) return contacts.get(hashOf(given))
  return contacts.get(given.toLowerCase()) ?? contacts.find('contactId', given)[0]
}
