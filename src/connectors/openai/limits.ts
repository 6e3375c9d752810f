import type { ProviderLimits } from '../contract.ts'

/**
 * Requests and tokens a minute depend on the account's tier and on the model, 500 requests at the lowest paid tier; a
 * job post takes seconds to read, so that eight at once stay below it.
 * https://platform.openai.com/docs/guides/rate-limits (2026-11)
 */
export const OPENAI_LIMITS: ProviderLimits = { concurrency: 8 }
