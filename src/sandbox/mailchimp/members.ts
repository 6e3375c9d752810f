/**
 * Members of a list: put, patch, show, archive, forget.
 *
 * A contact's status moves by these rules. A new one gets `status_if_new`. `status` changes an existing one, but a
 * contact who left or bounced is in compliance state: `subscribed` is refused, `pending` asks the person by mail, and
 * only the person's confirmation lifts the state. DELETE archives, and the state outlives the archive. What was deleted
 * for good can never be put again. `tags` in a body are ignored, as is everything that Mailchimp does not know.
 */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Fields } from '../pipeline.ts'
import type { World } from '../world.ts'
import { type Contact, type ContactStatus, findContact, hashOf } from './model.ts'
import {
  addressTaken,
  type FieldError,
  fakeAddress,
  forgotten,
  inComplianceState,
  invalidResource,
  type MailchimpAnswer,
  notFound,
} from './problems.ts'

const MAX_MERGE_TEXT = 255
const statusSchema = z.enum(['subscribed', 'unsubscribed', 'cleaned', 'pending', 'transactional'])
const memberSchema = z.object({
  email_address: z.string().optional(),
  status: statusSchema.optional(),
  status_if_new: statusSchema.optional(),
  email_type: z.enum(['html', 'text']).optional(),
  merge_fields: z.record(z.string(), z.union([z.string().max(MAX_MERGE_TEXT), z.number()])).optional(),
  language: z.string().optional(),
  vip: z.boolean().optional(),
})
type Given = z.infer<typeof memberSchema>

/** PUT: updates the contact, or adds it with `status_if_new`. */
export function putMember(world: World, path: string, fields: Fields): MailchimpAnswer {
  const parsed = memberSchema.safeParse(fields)
  if (!parsed.success) return invalidResource(fieldErrors(parsed.error))
  const known = findContact(world.mailchimp, path)
  return known ? updateMember(world, known, parsed.data) : addMember(world, parsed.data)
}

/** PATCH: updates the contact; 404 when there is none. */
export function patchMember(world: World, path: string, fields: Fields): MailchimpAnswer {
  const known = findContact(world.mailchimp, path)
  if (!known) return notFound()
  const parsed = memberSchema.safeParse(fields)
  return parsed.success ? updateMember(world, known, parsed.data) : invalidResource(fieldErrors(parsed.error))
}

/** GET */
export function showMember(world: World, path: string): MailchimpAnswer {
  const contact = findContact(world.mailchimp, path)
  return contact ? { status: 200, body: memberResource(world, contact) } : notFound()
}

/** DELETE: archives, so that the contact is off the list but known. Doing it twice is harmless. */
export function archiveMember(world: World, path: string): MailchimpAnswer {
  const contact = findContact(world.mailchimp, path)
  if (!contact) return notFound()
  keep(world, { ...contact, status: 'archived' })
  return { status: 204, body: null }
}

/** POST actions/delete-permanent: the address can never come back through the API. */
export function forgetMember(world: World, path: string): MailchimpAnswer {
  const contact = findContact(world.mailchimp, path)
  if (!contact) return notFound()
  const hash = hashOf(contact.email)
  world.mailchimp.contacts.delete(hash)
  world.mailchimp.forgotten.put(hash, { sinceMs: world.clock.now() })
  return { status: 204, body: null }
}

/** Stores a changed contact under its hash, with the time of the change. */
export function keep(world: World, contact: Contact): Contact {
  const changed = { ...contact, changedMs: world.clock.now() }
  return world.mailchimp.contacts.put(hashOf(contact.email), changed)
}

function addMember(world: World, given: Given): MailchimpAnswer {
  const email = given.email_address ?? ''
  const refused = refusedAddress(world, email)
  if (refused) return refused
  const status = given.status_if_new ?? given.status
  if (!status)
    return invalidResource([{ field: 'status_if_new', message: 'This value should not be blank.' }])
  const contact: Contact = {
    email,
    contactId: randomBytes(16).toString('hex'),
    webId: world.nextNumber('mailchimp-contact'),
    status: 'transactional',
    compliance: null,
    mergeFields: {},
    emailType: 'html',
    language: '',
    vip: false,
    tags: [],
    events: [],
    mails: [],
    confirmationsMs: [],
    createdMs: world.clock.now(),
    changedMs: world.clock.now(),
  }
  const added = keep(world, withStatus(world, withGiven(contact, given), status))
  return { status: 200, body: memberResource(world, added) }
}

function updateMember(world: World, known: Contact, given: Given): MailchimpAnswer {
  const email = given.email_address ?? known.email
  const hash = hashOf(known.email)
  const moves = hashOf(email) !== hash
  const refused = moves ? refusedAddress(world, email) : null
  if (refused) return refused
  if (given.status === 'subscribed' && known.compliance) return inComplianceState(email)
  const changed = withStatus(world, { ...withGiven(known, given), email }, given.status)
  if (moves) world.mailchimp.contacts.delete(hash)
  return { status: 200, body: memberResource(world, keep(world, changed)) }
}

/** Why a contact cannot get this address. */
function refusedAddress(world: World, email: string): MailchimpAnswer | null {
  if (!/^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(email)) {
    return invalidResource([{ field: 'email_address', message: 'Please provide a valid email address.' }])
  }
  if (/\.invalid$/i.test(email)) return fakeAddress(email)
  if (world.mailchimp.forgotten.get(hashOf(email))) return forgotten(email)
  return world.mailchimp.contacts.get(hashOf(email)) ? addressTaken(email) : null
}

/** Merge fields that are given are added to those that are there; tags are at most ten characters, in capitals. */
function withGiven(contact: Contact, given: Given): Contact {
  const mergeFields = Object.entries(given.merge_fields ?? {}).filter(([tag]) =>
    /^[A-Z0-9_]{1,10}$/.test(tag),
  )
  return {
    ...contact,
    mergeFields: { ...contact.mergeFields, ...Object.fromEntries(mergeFields) },
    emailType: given.email_type ?? contact.emailType,
    language: given.language ?? contact.language,
    vip: given.vip ?? contact.vip,
  }
}

function withStatus(world: World, contact: Contact, status: ContactStatus | undefined): Contact {
  if (status === undefined) return contact
  if (status === 'unsubscribed' || status === 'cleaned') return { ...contact, status, compliance: status }
  if (status !== 'pending' || contact.status === 'pending') return { ...contact, status }
  return { ...contact, status, confirmationsMs: [...contact.confirmationsMs, world.clock.now()] }
}

function fieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message }))
}

function memberResource(world: World, contact: Contact): Record<string, unknown> {
  const { FNAME = '', LNAME = '' } = contact.mergeFields
  const created = new Date(contact.createdMs).toISOString()
  const id = hashOf(contact.email)
  const self = `${world.ownUrl()}/mailchimp/3.0/lists/${world.options.mailchimpListId}/members/${id}`
  return {
    id,
    email_address: contact.email,
    unique_email_id: contact.contactId.slice(0, 10),
    contact_id: contact.contactId,
    full_name: `${FNAME} ${LNAME}`.trim(),
    web_id: contact.webId,
    email_type: contact.emailType,
    status: contact.status,
    consents_to_one_to_one_messaging: true,
    merge_fields: { FNAME: '', LNAME: '', ...contact.mergeFields },
    interests: {},
    stats: { avg_open_rate: 0, avg_click_rate: 0 },
    ip_signup: '',
    timestamp_signup: '',
    ip_opt: '127.0.0.1',
    timestamp_opt: created,
    member_rating: 2,
    last_changed: new Date(contact.changedMs).toISOString(),
    language: contact.language,
    vip: contact.vip,
    email_client: '',
    location: { latitude: 0, longitude: 0, gmtoff: 0, dstoff: 0, country_code: '', timezone: '', region: '' },
    source: 'API - Generic',
    tags_count: contact.tags.length,
    tags: contact.tags.slice(0, 50).map(({ id: tagId, name }) => ({ id: tagId, name })),
    list_id: world.options.mailchimpListId,
    _links: [{ rel: 'self', href: self, method: 'GET' }],
  }
}
