import type { ProviderLimits } from '../contract.ts'

/**
 * At most 10 connections at once per user of Mailchimp, whatever the rate, answered by a 429 without Retry-After: two are
 * left to whatever else uses the account. https://mailchimp.com/developer/marketing/docs/fundamentals/#throttling (2026-11)
 */
export const MAILCHIMP_LIMITS: ProviderLimits = { concurrency: 8 }
