import { createHmac } from 'node:crypto'
import { systemNow } from '../../primitives/index.ts'

/** Svix's headers: `v1,<base64 HMAC-SHA256 of "id.seconds.body">`, keyed by the bytes behind `whsec_`. */
export function clerkHeaders(secret: string, id: string, json: string): Record<string, string> {
  const seconds = Math.floor(systemNow() / 1_000)
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${json}`).digest('base64')
  return {
    'svix-id': id,
    'svix-timestamp': String(seconds),
    'svix-signature': `v1,${signature}`,
    'user-agent': 'Svix-Webhooks/1.62.0 (sender-9YMgn; +https://www.svix.com/http-sender/)',
  }
}
