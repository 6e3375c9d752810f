import type { ProviderLimits } from '../contract.ts'

/**
 * 200 requests a minute per calendar, reads and writes together; over it, about a minute of nothing. The burst is part
 * of the 200: 10 + 185 leaves five for a person at the key. https://docs.luma.com/reference/rate-limits (2026-11)
 */
export const LUMA_LIMITS: ProviderLimits = {
  rates: [{ name: 'requests', burst: 10, perMinute: 185 }],
}
