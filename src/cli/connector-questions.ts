/** The questions that the doctor puts to providers through the program's own connectors. */
import type { Config } from '../config.ts'
import { type Connectors, openGate } from '../connectors/index.ts'
import { connect } from '../start/connect.ts'

/** OpenAI's SDK cannot be made without a key, and nothing is asked of it here. */
const UNASKED: Config['openai'] = { mode: 'off', settings: { apiKey: 'none', model: '', baseUrl: null } }

export type Question = { name: string; ask(): Promise<unknown> }

/** One harmless question for each live provider whose connector can ask one, and for Slack's user group. */
export function questionsFor(config: Config): Question[] {
  const { mailchimp, luma, stripe, clerk, email, slackPeople }: Connectors = connect(
    { ...config, openai: UNASKED },
    openGate,
  )
  const group = config.slack.mode === 'live' ? config.slack.settings?.membersUsergroup : null
  return [
    ...(config.mailchimp.mode === 'live' ? [{ name: 'mailchimp', ask: mailchimp.ping }] : []),
    ...(config.luma.mode === 'live' ? [{ name: 'luma', ask: luma.ping }] : []),
    ...(config.stripe.mode === 'live' && stripe.canRead ? [{ name: 'stripe', ask: stripe.ping }] : []),
    ...(config.clerk.mode === 'live' && clerk.canRead ? [{ name: 'clerk', ask: clerk.ping }] : []),
    ...(config.email.mode === 'live' ? [{ name: 'the mail server', ask: email.ping }] : []),
    ...(group ? [{ name: 'slack’s user group', ask: () => slackPeople.groupMembers(group) }] : []),
  ]
}
