import type { ProviderMode } from '../../connectors/index.ts'
import type { AlertRules, Channel } from './rules.ts'

/** Whether a channel can be used; if not, a sentence that says what to set. */
export type ChannelState = { on: true } | { on: false; why: string }
export type ChannelStates = Record<Channel, ChannelState>

/**
 * How each channel stands.
 * @param modes of the providers behind them
 * @param slackChannel where operators are told things in Slack
 */
export function channelStates(options: {
  modes: Record<'slack' | 'twilio' | 'pagerduty' | 'email', ProviderMode>
  slackChannel: string | null
  recipients: AlertRules['recipients']
}): ChannelStates {
  const { modes, slackChannel, recipients } = options
  const off = (why: string): ChannelState => ({ on: false, why })
  const on: ChannelState = { on: true }
  return {
    slack:
      modes.slack === 'off' || slackChannel === null
        ? off('Slack is off: set SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET and SLACK_JOBS_CHANNEL.')
        : on,
    email: modes.email === 'off' ? off('E-mail is off: set SMTP_URL and EMAIL_FROM.') : on,
    sms: smsState(modes.twilio, recipients.sms.length, off, on),
    pagerduty: modes.pagerduty === 'off' ? off('PagerDuty is off: set PAGERDUTY_ROUTING_KEY.') : on,
  }
}

function smsState(
  mode: ProviderMode,
  numbers: number,
  off: (why: string) => ChannelState,
  on: ChannelState,
): ChannelState {
  if (mode === 'off') return off('Texts are off: set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM.')
  return numbers === 0 ? off('Nobody is texted: list numbers under recipients, sms in alerts.yaml.') : on
}
