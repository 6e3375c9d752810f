import type { ProviderLimits } from '../contract.ts'

/** 25 a second: 5 at once and 20 in the second. */
const PER_SECOND_25 = { burst: 5, perMinute: 1_200 }
/** In live mode 100 a second over everything (20 at once and 80 in the second), and 25 for each endpoint. */
const LIVE: ProviderLimits = {
  rates: [
    { name: 'requests', burst: 20, perMinute: 4_800 },
    ...['subscriptions.retrieve', 'subscriptions.list', 'customers.retrieve'].map((endpoint) => ({
      name: endpoint,
      operations: [endpoint],
      ...PER_SECOND_25,
    })),
  ],
}
/** In a sandbox 25 a second over everything. */
const TEST: ProviderLimits = { rates: [{ name: 'requests', ...PER_SECOND_25 }] }

/**
 * https://docs.stripe.com/rate-limits (2026-11)
 * @param apiKey tells by its prefix (`sk_live_`, `rk_live_`) which limits hold; none: the lower ones
 */
export function stripeLimits(apiKey: string | null): ProviderLimits {
  return apiKey !== null && /^[sr]k_live_/.test(apiKey) ? LIVE : TEST
}
