import type { ProviderLimits } from '../contract.ts'

/**
 * Texts are queued by Twilio and go out at the number's own speed; what is limited is requests at once, by an amount that
 * Twilio sets per account and does not publish, and a 429 is punished. Ten are far below any that is known.
 * https://www.twilio.com/docs/api/errors/20429 (2026-11)
 */
export const TWILIO_LIMITS: ProviderLimits = { concurrency: 10 }
