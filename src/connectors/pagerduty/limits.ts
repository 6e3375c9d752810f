import type { ProviderLimits } from '../contract.ts'

/**
 * PagerDuty throttles by rules that it does not publish; 120 events a minute for a key is what its forum once said.
 * https://developer.pagerduty.com/docs/events-api-v2-overview (2026-11)
 */
export const PAGERDUTY_LIMITS: ProviderLimits = {
  rates: [{ name: 'events', burst: 20, perMinute: 90 }],
}
