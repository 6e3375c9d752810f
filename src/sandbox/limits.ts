/**
 * The providers' rate limits, as token buckets but for two. Luma counts strictly: never more than `burst` calls within
 * the time in which `burst` calls refill, and whoever asks for more gets nothing for as long again. Mailchimp counts
 * calls under way, not calls a minute. The defaults are generous, so that hundreds of submissions flow with few
 * refusals; `DOCUMENTED_LIMITS` are what the vendors publish (collected 2026-11).
 */
import { z } from 'zod'
import { MINUTE_MS, monotonicMs, SECOND_MS } from '../primitives/index.ts'
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
  /** Calls under way at the same time. */
  mailchimpConnections: z.int().positive(),
  /** A strict window: `{perMinute: 2000, burst: 20}` is Luma's rule a hundred times as fast with a tenth of the calls. */
  lumaRequests: bucket,
  stripeRequests: bucket,
  clerkRequests: bucket,
  pagerdutyRequests: bucket,
  emailRequests: bucket,
})
export type Limits = z.infer<typeof limitsSchema>
type BucketName = Exclude<keyof Limits, 'mailchimpConnections'>

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
  mailchimpConnections: 10,
  lumaRequests: { perMinute: 6_000, burst: 2_000 },
  stripeRequests: { perMinute: 60_000, burst: 2_000 },
  clerkRequests: { perMinute: 6_000, burst: 1_000 },
  pagerdutyRequests: { perMinute: 6_000, burst: 1_000 },
  emailRequests: { perMinute: 6_000, burst: 1_000 },
}

/**
 * Slack: docs.slack.dev/apis/web-api/rate-limits. Circle: 2,000 in 5 minutes per address. Luma: 200 a minute per
 * calendar, then about a minute of nothing.
 */
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

const SLACK_BUCKETS: Record<string, BucketName> = {
  'chat.postMessage': 'slackMessages',
  'chat.postEphemeral': 'slackMessages',
  'users.list': 'slackTier2',
  'conversations.list': 'slackTier2',
  'usergroups.list': 'slackTier2',
  'usergroups.users.list': 'slackTier2',
  'usergroups.users.update': 'slackTier2',
  'usergroups.enable': 'slackTier2',
  'usergroups.disable': 'slackTier2',
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
  /** Takes one call's worth; without room, says in how many whole seconds there will be some. */
  take(provider: Provider, operation: string, subject: string): Room
  /** How many calls at once a provider takes. */
  connections(provider: Provider): number
}

export type Room = { ok: true } | { ok: false; retryAfterS: number | undefined }
type Bucket = z.infer<typeof bucket>

/** Creates full buckets; `initial` are the limits in force, `onChange` keeps changed ones. */
export function createRateLimiter(initial: Limits, onChange: (limits: Limits) => void): RateLimiter {
  let limits = initial
  let drops = createBuckets()
  let window = createWindow(limits.lumaRequests)
  return {
    limits: () => limits,
    change({ preset, ...changes }) {
      const base = preset === 'documented' ? DOCUMENTED_LIMITS : preset ? GENEROUS_LIMITS : limits
      limits = limitsSchema.parse({ ...base, ...changes })
      drops = createBuckets()
      window = createWindow(limits.lumaRequests)
      onChange(limits)
      return limits
    },
    take(provider, operation, subject) {
      const name = bucketName(provider, operation)
      if (name === 'lumaRequests') return window()
      return drops(`${name}/${name === 'slackMessages' ? subject : operation}`, limits[name])
    },
    connections: (provider) =>
      provider === 'mailchimp' ? limits.mailchimpConnections : Number.POSITIVE_INFINITY,
  }
}

/** Token buckets by key, each full when it is first asked. */
function createBuckets(): (key: string, size: Bucket) => Room {
  const levels = new Map<string, { tokens: number; atMs: number }>()
  return (key, { perMinute, burst }) => {
    const perMs = perMinute / MINUTE_MS
    const nowMs = monotonicMs()
    const level = levels.get(key) ?? { tokens: burst, atMs: nowMs }
    const tokens = Math.min(burst, level.tokens + (nowMs - level.atMs) * perMs)
    levels.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs })
    return tokens >= 1 ? { ok: true } : refusal((1 - tokens) / perMs)
  }
}

/** One strict window: the times of the last `burst` calls, and until when everybody is refused. */
function createWindow({ perMinute, burst }: Bucket): () => Room {
  const windowMs = (burst / perMinute) * MINUTE_MS
  const size = Math.max(1, Math.floor(burst))
  const takenMs: number[] = []
  let taken = 0
  let blockedUntilMs = Number.NEGATIVE_INFINITY
  return () => {
    const nowMs = monotonicMs()
    if (nowMs < blockedUntilMs) return refusal(blockedUntilMs - nowMs)
    const slot = taken % size
    if (nowMs - (takenMs[slot] ?? Number.NEGATIVE_INFINITY) < windowMs) {
      blockedUntilMs = nowMs + windowMs
      return refusal(windowMs)
    }
    takenMs[slot] = nowMs
    taken++
    return { ok: true }
  }
}

function refusal(waitMs: number): Room {
  return { ok: false, retryAfterS: Math.max(1, Math.ceil(waitMs / SECOND_MS)) }
}

function bucketName(provider: Provider, operation: string): BucketName {
  if (provider === 'slack') return SLACK_BUCKETS[operation] ?? 'slackTier4'
  return `${provider}Requests`
}
