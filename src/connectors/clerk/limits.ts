import type { ProviderLimits } from '../contract.ts'

/** 1,000 requests in 10 s for a production instance: 200 at once and 80 in each second. */
const PRODUCTION: ProviderLimits = { rates: [{ name: 'requests', burst: 200, perMinute: 4_800 }] }
/** 100 requests in 10 s for a development instance: 20 at once and 8 in each second. */
const DEVELOPMENT: ProviderLimits = { rates: [{ name: 'requests', burst: 20, perMinute: 480 }] }

/**
 * https://clerk.com/docs/guides/how-clerk-works/system-limits (2026-11)
 * @param secretKey tells by its prefix (`sk_live_`) which limits hold; none: the lower ones
 */
export function clerkLimits(secretKey: string | null): ProviderLimits {
  return secretKey?.startsWith('sk_live_') ? PRODUCTION : DEVELOPMENT
}
