import { type CircleSettings, createCircleConnector } from './circle/circle-connector.ts'
import { type ClerkSettings, createClerkConnector } from './clerk/clerk-connector.ts'
import type { Connectors, Gate } from './contract.ts'
import { createEmailConnector, type EmailSettings } from './email/email-connector.ts'
import { createLumaConnector, type LumaSettings } from './luma/luma-connector.ts'
import { createMailchimpConnector, type MailchimpSettings } from './mailchimp/mailchimp-connector.ts'
import { createOpenAiConnector, type OpenAiSettings } from './openai/openai-connector.ts'
import { createPagerDutyConnector, type PagerDutySettings } from './pagerduty/pagerduty-connector.ts'
import { createSlackPeopleConnector } from './slack/people.ts'
import type { SlackSettings } from './slack/slack-client.ts'
import { createSlackConnector } from './slack/slack-connector.ts'
import { createStripeConnector, type StripeSettings } from './stripe/stripe-connector.ts'
import { createTwilioConnector, type TwilioSettings } from './twilio/twilio-connector.ts'

export type * from './contract.ts'
export type * from './membership-contract.ts'
export type * from './notice-contract.ts'
export { openGate } from './open-gate.ts'
export { type LimitSettings, PROVIDER_LIMITS, providerLimits } from './provider-limits.ts'
export type { KnownBlock, ModalView } from './slack/blocks.ts'

export type ConnectorSettings = {
  slack: SlackSettings
  circle: CircleSettings
  twilio: TwilioSettings
  openai: OpenAiSettings
  mailchimp: MailchimpSettings
  luma: LumaSettings
  stripe: StripeSettings
  clerk: ClerkSettings
  pagerduty: PagerDutySettings
  email: EmailSettings
  /** What every single request of every connector passes. */
  gate: Gate
}

/** All connectors. None of them knows whether a provider or a stand-in answers at its address. */
export function createConnectors({ gate, ...settings }: ConnectorSettings): Connectors {
  return {
    slack: createSlackConnector(settings.slack, gate),
    slackPeople: createSlackPeopleConnector(settings.slack, gate),
    circle: createCircleConnector(settings.circle, gate),
    twilio: createTwilioConnector(settings.twilio, gate),
    openai: createOpenAiConnector(settings.openai, gate),
    mailchimp: createMailchimpConnector(settings.mailchimp, gate),
    luma: createLumaConnector(settings.luma, gate),
    stripe: createStripeConnector(settings.stripe, gate),
    clerk: createClerkConnector(settings.clerk, gate),
    pagerduty: createPagerDutyConnector(settings.pagerduty, gate),
    email: createEmailConnector(settings.email, gate),
  }
}
