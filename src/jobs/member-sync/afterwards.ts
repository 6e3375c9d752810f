/** What is done about a sync that failed for good, and how what it did is taken back. */
import { z } from 'zod'
import {
  type Cause,
  type DeadLetterPolicy,
  type JobDefinition,
  replayAfterOutage,
} from '../../engine/index.ts'
import type { MembershipParts } from '../membership/parts.ts'
import type { MemberSyncInput } from './index.ts'

/** The names of the steps that change something at Mailchimp. */
export const UPDATE = 'update the contact'
export const WELCOME = 'start the welcome journey'

/** Mailchimp's words for: this person may not be mailed by us any more, and only they can change that. */
const CONSENT_CODES = new Set(['member_in_compliance_state', 'forgotten_email_not_subscribed'])

/** Consent is theirs to give again; an outage is waited out. */
export function deadLetters(cause: Cause): DeadLetterPolicy | null {
  if (cause.code !== null && CONSENT_CODES.has(cause.code))
    return {
      do: 'abandon',
      reason: 'Mailchimp will not have them: only they can subscribe again, by its own form.',
    }
  return replayAfterOutage(cause)
}

const noteSchema = z.object({
  email: z.string(),
  tags: z.array(z.string()),
  changed: z.array(z.object({ name: z.string(), active: z.boolean() })),
})

/** The contact before a sync changed it, and what it changed. */
export type AsItWas = z.infer<typeof noteSchema>

/** Tags go back to what they were; a mail cannot. */
export function undoOf(parts: MembershipParts): NonNullable<JobDefinition<MemberSyncInput>['undo']> {
  return {
    [UPDATE]: {
      describe: 'Gives the contact at Mailchimp the tags that it had before.',
      async run({ note }) {
        if (note === null) return // no tag was changed
        const { email, tags, changed } = noteSchema.parse(note)
        const contact = await parts.connectors.mailchimp.findContact(email)
        // Only what this run changed, and only where it is still as this run left it: a later sync knows better.
        const ours = changed.filter(({ name, active }) => contact?.tags.includes(name) === active)
        const asItWas = ours.map(({ name }) => ({ name, active: tags.includes(name) }))
        await parts.connectors.mailchimp.setTags(email, asItWas)
      },
    },
    [WELCOME]: { impossible: 'The welcome has been mailed, and a mail cannot be taken back.' },
  }
}
