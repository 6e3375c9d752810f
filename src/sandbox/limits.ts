/**
 * The providers' rate limits as token buckets. The defaults are generous, so that hundreds of submissions flow with
 * few refusals; `DOCUMENTED_LIMITS` are what the vendors publish (collected 2026-11).
 */
import { z } from 'zod'
import { monotonicMs } from '../primitives/index.ts'
import type { Provider } from './faults.ts'

/** A bucket that holds `burst` calls and refills by `perMinute`. */
const bucket = z.strictObject({ perMinute: z.number().positive(), burst: z.number().positive() })

const limitsSchema = z.strictObject({
  /** chat.postMessage and postEphemeral, per channel. */
  slackMessages: bucket,
  slackTier2: bucket,
  slackTier3: bucket,
  slackTier4: bucket,
  circleRequests: bucket,
  openaiRequests: bucket,
  twilioRequests: bucket,
  mailchimpRequests: bucket,
  lumaRequests: bucket,
  stripeRequests: bucket,
  clerkRequests: bucket,
})
export type Limits = z.infer<typeof limitsSchema>

export const limitsRequestSchema = z.strictObject({
  preset: z.enum(['generous', 'documented']).optional(),
  ...limitsSchema.partial().shape,
})

export const GENEROUS_LIMITS: Limits = {
  slackMessages: { perMinute: 2_400, burst: 200 },
  slackTier2: { perMinute: 600, burst: 100 },
  slackTier3: { perMinute: 6_000, burst: 400 },
  slackTier4: { perMinute: 12_000, burst: 800 },
  circleRequests: { perMinute: 6_000, burst: 2_000 },
  openaiRequests: { perMinute: 6_000, burst: 1_000 },
  twilioRequests: { perMinute: 6_000, burst: 1_000 },
  mailchimpRequests: { perMinute: 60_000, burst: 10_000 },
  lumaRequests: { perMinute: 6_000, burst: 2_000 },
  stripeRequests: { perMinute: 60_000, burst: 2_000 },
  clerkRequests: { perMinute: 6_000, burst: 1_000 },
}

/** Slack: docs.slack.dev/apis/web-api/rate-limits. Circle: 2,000 in 5 minutes per address. */
const DOCUMENTED_LIMITS: Limits = {
  ...GENEROUS_LIMITS,
  slackMessages: { perMinute: 60, burst: 5 },
  slackTier2: { perMinute: 20, burst: 20 },
  slackTier3: { perMinute: 50, burst: 50 },
  slackTier4: { perMinute: 100, burst: 100 },
  circleRequests: { perMinute: 400, burst: 2_000 },
  lumaRequests: { perMinute: 200, burst: 200 },
  stripeRequests: { perMinute: 1_500, burst: 25 },
  clerkRequests: { perMinute: 600, burst: 100 },
}

const SLACK_BUCKETS: Record<string, keyof Limits> = {
  'chat.postMessage': 'slackMessages',
  'chat.postEphemeral': 'slackMessages',
  'users.list': 'slackTier2',
  'conversations.list': 'slackTier2',
  'chat.update': 'slackTier3',
  'chat.delete': 'slackTier3',
  'conversations.history': 'slackTier3',
  'conversations.replies': 'slackTier3',
  'conversations.info': 'slackTier3',
  'users.lookupByEmail': 'slackTier3',
}

export type RateLimiter = {
  limits(): Limits
  change(request: z.infer<typeof limitsRequestSchema>): Limits
  /** Takes one call's worth. Null when there was room; otherwise whole seconds until there is. */
  take(provider: Provider, operation: string, subject: string): number | null
}

/** Creates full buckets; `initial` are the limits in force, `onChange` keeps changed ones. */
export function createRateLimiter(initial: Limits, onChange: (limits: Limits) => void): RateLimiter {
  let limits = initial
  const levels = new Map<string, { tokens: number; atMs: number }>()
  return {
    limits: () => limits,
    change({ preset, ...changes }) {
      const base = preset === 'documented' ? DOCUMENTED_LIMITS : preset ? GENEROUS_LIMITS : limits
      limits = limitsSchema.parse({ ...base, ...changes })
      levels.clear()
      onChange(limits)
      return limits
    },
    take(provider, operation, subject) {
      const name = bucketName(provider, operation)
      const { perMinute, burst } = limits[name]
      const perMs = perMinute / 60_000
      const key = name === 'slackMessages' ? `${name}/${subject}` : `${name}/${operation}`
      const nowMs = monotonicMs()
      const level = levels.get(key) ?? { tokens: burst, atMs: nowMs }
      const tokens = Math.min(burst, level.tokens + (nowMs - level.atMs) * perMs)
      levels.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs })
      return tokens >= 1 ? null : Math.max(1, Math.ceil((1 - tokens) / perMs / 1_000))
    },
  }
}

function bucketName(provider: Provider, operation: string): keyof Limits {
  if (provider === 'slack') return SLACK_BUCKETS[operation] ?? 'slackTier4'
  return `${provider}Requests`
}
