import type { Config } from '../config.ts'
import { type ProviderLimits, type ProviderName, providerLimits } from '../connectors/index.ts'

/** How much faster than Slack itself its stand-in answers by default: an afternoon in the sandbox is not to be spent waiting. */
const SANDBOX_SLACK_FACTOR = 30

/** The limits that this program keeps to. Slack's stand-in allows more than Slack does; all others are as the provider's. */
export function limitsOf(config: Config): Record<ProviderName, ProviderLimits> {
  const limits = providerLimits({
    stripeApiKey: config.stripe.settings?.apiKey ?? null,
    clerkSecretKey: config.clerk.settings?.secretKey ?? null,
    ...(config.circlePerMonth === null ? {} : { circlePerMonth: config.circlePerMonth }),
  })
  if (config.slack.mode !== 'sandbox') return limits
  const rates = (limits.slack.rates ?? []).map((rate) => ({
    ...rate,
    burst: rate.burst * SANDBOX_SLACK_FACTOR,
    perMinute: rate.perMinute * SANDBOX_SLACK_FACTOR,
  }))
  return { ...limits, slack: { ...limits.slack, rates } }
}
