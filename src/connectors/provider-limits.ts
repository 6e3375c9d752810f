import { circleLimits } from './circle/limits.ts'
import { clerkLimits } from './clerk/limits.ts'
import type { ProviderLimits, ProviderName } from './contract.ts'
import { EMAIL_LIMITS } from './email/limits.ts'
import { LUMA_LIMITS } from './luma/limits.ts'
import { MAILCHIMP_LIMITS } from './mailchimp/limits.ts'
import { OPENAI_LIMITS } from './openai/limits.ts'
import { PAGERDUTY_LIMITS } from './pagerduty/limits.ts'
import { SLACK_LIMITS } from './slack/limits.ts'
import { stripeLimits } from './stripe/limits.ts'
import { TWILIO_LIMITS } from './twilio/limits.ts'

/** What some limits depend on: whether a key is a live one, and what the community's Circle plan includes. */
export type LimitSettings = {
  stripeApiKey?: string | null
  clerkSecretKey?: string | null
  circlePerMonth?: number | undefined
}

/** Every provider's limits, as stated beside its connector. */
export function providerLimits(settings: LimitSettings = {}): Record<ProviderName, ProviderLimits> {
  return {
    twilio: TWILIO_LIMITS,
    slack: SLACK_LIMITS,
    openai: OPENAI_LIMITS,
    circle: circleLimits(settings.circlePerMonth),
    mailchimp: MAILCHIMP_LIMITS,
    luma: LUMA_LIMITS,
    stripe: stripeLimits(settings.stripeApiKey ?? null),
    clerk: clerkLimits(settings.clerkSecretKey ?? null),
    pagerduty: PAGERDUTY_LIMITS,
    email: EMAIL_LIMITS,
  }
}

/** The limits where nothing more is known: the cautious ones. */
export const PROVIDER_LIMITS: Record<ProviderName, ProviderLimits> = providerLimits()
