import type { ProviderLimits } from '../contract.ts'

/** Servers differ and do not say; ten connections at once are what Postfix takes for granted of one client, and we need few. */
export const EMAIL_LIMITS: ProviderLimits = { concurrency: 4 }
