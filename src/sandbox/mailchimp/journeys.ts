/**
 * What mails a contact: the journey step that is triggered by API, and a classic automation's queue. A journey mails
 * each time it is triggered. What Mailchimp answers for a contact who is not subscribed is not documented; here it is
 * refused, so that nobody counts on a mail that did not go out.
 */
import type { Fields } from '../pipeline.ts'
import type { World } from '../world.ts'
import { keep } from './members.ts'
import { type Contact, findContact, hashOf } from './model.ts'
import { alreadyQueued, invalidResource, type MailchimpAnswer, notFound } from './problems.ts'

/** The one classic automation there is. */
export const CLASSIC_AUTOMATION = { workflowId: '5a4dc1a551', emailId: '5a4dc1e7a1' } as const

/** POST /customer-journeys/journeys/{journey}/steps/{step}/actions/trigger */
export function triggerJourney(
  world: World,
  ids: { journey: string; step: string },
  fields: Fields,
): MailchimpAnswer {
  const { mailchimpWelcomeJourneyId: journeyId, mailchimpWelcomeStepId: stepId } = world.options
  if (ids.journey !== String(journeyId) || ids.step !== String(stepId)) return notFound()
  const contact = subscriber(world, fields)
  if (!contact) return notASubscriber()
  mail(world, contact, { journeyId, stepId })
  return { status: 204, body: null }
}

/** POST /automations/{workflow}/emails/{email}/queue: once for each contact. */
export function queueEmail(
  world: World,
  ids: { workflow: string; email: string },
  fields: Fields,
): MailchimpAnswer {
  const { workflowId, emailId } = CLASSIC_AUTOMATION
  if (ids.workflow !== workflowId || ids.email !== emailId) return notFound()
  const contact = subscriber(world, fields)
  if (!contact) return notASubscriber()
  if (contact.mails.some(({ journeyId }) => journeyId === workflowId)) return alreadyQueued()
  mail(world, contact, { journeyId: workflowId, stepId: emailId })
  return {
    status: 200,
    body: {
      id: hashOf(contact.email),
      workflow_id: workflowId,
      email_id: emailId,
      list_id: world.options.mailchimpListId,
      list_is_active: true,
      email_address: contact.email,
      next_send: new Date(world.clock.now()).toISOString(),
    },
  }
}

function subscriber(world: World, fields: Fields): Contact | undefined {
  const contact = findContact(world.mailchimp, String(fields.email_address ?? ''))
  return contact?.status === 'subscribed' ? contact : undefined
}

function notASubscriber(): MailchimpAnswer {
  return invalidResource([
    { field: 'email_address', message: 'The contact is not subscribed to the journey’s audience.' },
  ])
}

function mail(
  world: World,
  contact: Contact,
  by: { journeyId: number | string; stepId: number | string },
): void {
  keep(world, { ...contact, mails: [...contact.mails, { ...by, atMs: world.clock.now() }] })
}
