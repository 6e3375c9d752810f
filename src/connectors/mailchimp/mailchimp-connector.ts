import { createHash } from 'node:crypto'
import { z } from 'zod'
import { NeverRetryError, SECOND_MS } from '../../primitives/index.ts'
import type { Gate } from '../contract.ts'
import { orNull } from '../failures.ts'
import { createHttpClient, type HttpClient } from '../http-client.ts'
import type { MailchimpConnector, MailchimpContact } from '../membership-contract.ts'
import { mailchimpFailure } from './mailchimp-errors.ts'

export type MailchimpSettings = {
  apiKey: string
  listId: string
  /** The journey's step of the kind "API trigger"; null: nobody is welcomed. */
  welcome: { journeyId: number; stepId: number } | null
  /** The API's base including `/3.0`, which for Mailchimp follows from the key. */
  apiUrl: string
  timeoutMs?: number | undefined
}

const contactSchema = z
  .looseObject({
    email_address: z.string().min(1),
    status: z.enum(['subscribed', 'unsubscribed', 'cleaned', 'pending', 'transactional', 'archived']),
    tags: z.array(z.looseObject({ name: z.string() })).default([]),
  })
  .transform(
    ({ email_address, status, tags }): MailchimpContact => ({
      email: email_address.toLowerCase(),
      status,
      tags: tags.map(({ name }) => name),
    }),
  )
const pingSchema = z.looseObject({ health_status: z.string() })
const noContent = z.null()

/**
 * Mailchimp's Marketing API 3.0; its own SDK has been untouched since 2022.
 * https://mailchimp.com/developer/marketing/api/ (2026-11)
 */
export function createMailchimpConnector(settings: MailchimpSettings, gate: Gate): MailchimpConnector {
  const request = createHttpClient({
    provider: 'mailchimp',
    gate,
    baseUrl: settings.apiUrl,
    // Basic authentication with any user name.
    headers: { authorization: `Basic ${btoa(`kinkeeper:${settings.apiKey}`)}` },
    timeoutMs: settings.timeoutMs ?? 20 * SECOND_MS,
    failureOf: mailchimpFailure,
  })
  const list: List = { request, members: `/lists/${encodeURIComponent(settings.listId)}/members` }
  return {
    findContact: (email) => findContact(list, email),
    putContact: (contact) => putContact(list, contact),
    setTags: (email, tags) => setTags(list, email, tags),
    archiveContact: (email) => archiveContact(list, email),
    triggerWelcome: (email) => triggerWelcome(request, settings.welcome, email),
    async ping() {
      await request({
        operation: 'ping',
        effect: 'repeatable',
        method: 'GET',
        path: '/ping',
        answer: pingSchema,
      })
    },
  }
}

/** One audience, which Mailchimp's API calls a list. */
type List = { request: HttpClient; members: string }

function findContact({ request, members }: List, email: string): Promise<MailchimpContact | null> {
  return orNull(
    request({
      operation: 'find contact',
      effect: 'repeatable',
      method: 'GET',
      path: `${members}/${contactHash(email)}`,
      query: { fields: 'email_address,status,tags' },
      answer: contactSchema,
    }),
    isMissing,
  )
}

/**
 * The contact after the change. When the member's address has changed, the contact is moved to the new address, so that
 * its tags, history and consent stay with the person. Unless the new address is a contact already (the person signed it
 * up, or an earlier attempt of ours moved it): two contacts cannot be made one, so that one is used with its own
 * consent, and the old one is left exactly as it is, for nobody asked to be unsubscribed there. `findContact` with the
 * old address then still finds it, and the caller takes the members' tags from it or archives it.
 */
async function putContact(
  list: List,
  contact: Parameters<MailchimpConnector['putContact']>[0],
): Promise<MailchimpContact> {
  const put = (address: string) =>
    list.request({
      operation: 'put contact',
      effect: 'overwrites',
      method: 'PUT',
      path: `${list.members}/${contactHash(address)}`,
      // Fields that an audience requires of those who sign up by its form cannot be known here.
      query: { skip_merge_validation: 'true' },
      body: {
        email_address: contact.email.toLowerCase(),
        status_if_new: contact.statusIfNew,
        ...(contact.status === undefined ? {} : { status: contact.status }),
        merge_fields: mergeFields(contact.name),
      },
      answer: contactSchema,
    })
  const { email, knownAs } = contact
  const moves = knownAs !== undefined && contactHash(knownAs) !== contactHash(email)
  if (!moves || (await findContact(list, email)) !== null) return put(email)
  return (await orNull(put(knownAs), isMissing)) ?? put(email)
}

async function setTags(
  { request, members }: List,
  email: string,
  tags: { name: string; active: boolean }[],
): Promise<void> {
  if (tags.length === 0) return
  await request({
    operation: 'set tags',
    effect: 'overwrites',
    method: 'POST',
    path: `${members}/${contactHash(email)}/tags`,
    body: { tags: tags.map(({ name, active }) => ({ name, status: active ? 'active' : 'inactive' })) },
    answer: noContent,
  })
}

/**
 * Mailchimp refuses with 405 to archive who is archived, bounced or pending: they get no mail, so that is as it should be.
 * https://github.com/amro/gibbon/issues/320
 */
async function archiveContact(list: List, email: string): Promise<void> {
  const archive = list.request({
    operation: 'archive contact',
    effect: 'overwrites',
    method: 'DELETE',
    path: `${list.members}/${contactHash(email)}`,
    answer: noContent,
  })
  await orNull(archive, isMissing).catch(async (error: unknown) => {
    if (!(error instanceof NeverRetryError) || error.facts.status !== 405) throw error
    const contact = await findContact(list, email)
    if (contact?.status === 'subscribed') throw error
  })
}

async function triggerWelcome(
  request: HttpClient,
  welcome: MailchimpSettings['welcome'],
  email: string,
): Promise<void> {
  const operation = 'trigger welcome'
  if (welcome === null) {
    const message =
      'No welcome journey is set: set MAILCHIMP_WELCOME_JOURNEY_ID and MAILCHIMP_WELCOME_STEP_ID.'
    throw new NeverRetryError(message, { facts: { provider: 'mailchimp', operation, code: 'no_journey' } })
  }
  await request({
    operation,
    effect: 'once',
    method: 'POST',
    path: `/customer-journeys/journeys/${welcome.journeyId}/steps/${welcome.stepId}/actions/trigger`,
    body: { email_address: email.toLowerCase() },
    answer: noContent,
  })
}

/** How Mailchimp's paths name a contact. https://mailchimp.com/developer/marketing/docs/methods-parameters/#path-parameters */
function contactHash(email: string): string {
  return createHash('md5').update(email.toLowerCase()).digest('hex')
}

/** Only names that are known: an empty one would erase what the person told Mailchimp. */
function mergeFields({ first, last }: { first: string; last: string }): Record<string, string> {
  return { ...(first.trim() ? { FNAME: first.trim() } : {}), ...(last.trim() ? { LNAME: last.trim() } : {}) }
}

function isMissing({ status }: { status?: unknown }): boolean {
  return status === 404
}
