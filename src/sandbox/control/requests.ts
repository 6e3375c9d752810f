/** What the control API is asked, as schemas. */
import { z } from 'zod'

export const textRequestSchema = z.strictObject({
  /** E.164. */
  from: z.string().regex(/^\+[1-9]\d{6,14}$/, 'is a phone number like +14155550123'),
  body: z.string().max(1_600, 'is at most 1,600 characters').default(''),
  /** At most ten; `data:` addresses are served as they are. */
  mediaUrls: z.array(z.string()).max(10).default([]),
  /** Chosen by the caller to send the same text again; absent, a new one. */
  messageSid: z
    .string()
    .regex(/^(SM|MM)[0-9a-f]{32}$/, 'is SM or MM and 32 hexadecimal digits')
    .optional(),
  /** False: answer at once, and send the webhook behind it. */
  wait: z.boolean().default(true),
})

export const redeliverySchema = z.strictObject({
  times: z.int().min(1).max(1_000).default(1),
  /** All at the same moment, or one after the other. */
  concurrent: z.boolean().default(false),
})

export const clickRequestSchema = z.strictObject({
  userId: z.string(),
  channel: z.string(),
  ts: z.string(),
  actionId: z.string(),
})

export const submissionSchema = z.strictObject({
  userId: z.string(),
  values: z
    .record(z.string(), z.record(z.string(), z.union([z.string(), z.array(z.string()), z.null()])))
    .default({}),
})

export const closeSchema = z.strictObject({ userId: z.string() })

export const clockRequestSchema = z.strictObject({
  /** Forward only. */
  advanceMs: z.int().nonnegative(),
})

export const worldQuerySchema = z.object({ limit: z.coerce.number().int().positive().optional() })
