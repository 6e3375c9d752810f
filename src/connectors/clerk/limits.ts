import type { ProviderLimits } from '../contract.ts'

/** 1,000 requests in 10 s for a production instance: 190 at once and 78 in each second, and 21 pages of users. */
const PRODUCTION: ProviderLimits = {
  rates: [{ name: 'requests', burst: 190, perMinute: 4_680 }, pages({ burst: 1, perMinute: 120 })],
}
/** 100 requests in 10 s for a development instance: 18 at once and 7.5 in each second, and 6 pages of users. */
const DEVELOPMENT: ProviderLimits = {
  rates: [{ name: 'requests', burst: 18, perMinute: 450 }, pages({ burst: 1, perMinute: 30 })],
}

/** With every page the SDK asks how many users there are: two requests of which we see one, so there is room for both. */
function pages(rate: { burst: number; perMinute: number }) {
  return { name: 'pages of users', operations: ['users.getUserList'], ...rate }
}

/**
 * https://clerk.com/docs/guides/how-clerk-works/system-limits (2026-11)
 * @param secretKey tells by its prefix (`sk_live_`) which limits hold; none: the lower ones
 */
export function clerkLimits(secretKey: string | null): ProviderLimits {
  return secretKey?.startsWith('sk_live_') ? PRODUCTION : DEVELOPMENT
}
