import type { ProviderLimits } from '../contract.ts'

/** 100 reads a second in live mode: 20 at once and 80 in the second. */
const LIVE: ProviderLimits = { rates: [{ name: 'requests', burst: 20, perMinute: 4_800 }] }
/** 25 a second in a sandbox: 5 at once and 20 in the second. */
const TEST: ProviderLimits = { rates: [{ name: 'requests', burst: 5, perMinute: 1_200 }] }

/**
 * https://docs.stripe.com/rate-limits (2026-11)
 * @param apiKey tells by its prefix (`sk_live_`, `rk_live_`) which limits hold; none: the lower ones
 */
export function stripeLimits(apiKey: string | null): ProviderLimits {
  return apiKey !== null && /^[sr]k_live_/.test(apiKey) ? LIVE : TEST
}
