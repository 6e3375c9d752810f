import type { ProviderLimits } from '../contract.ts'

/** The monthly budget of Circle's Business plan. */
const BUSINESS_PER_MONTH = 5_000

/**
 * 2,000 requests in five minutes (100 at once and five minutes of 380), and a budget per calendar month by plan.
 * https://api.circle.so/apis/admin-api (2026-11)
 * @param perMonth requests that the community's plan includes
 */
export function circleLimits(perMonth: number = BUSINESS_PER_MONTH): ProviderLimits {
  return { rates: [{ name: 'requests', burst: 100, perMinute: 380 }], perMonth }
}
