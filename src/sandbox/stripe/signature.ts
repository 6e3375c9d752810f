import { createHmac } from 'node:crypto'
import { systemNow } from '../../primitives/index.ts'

/** Headers of a webhook: `t=<unix seconds>,v1=<HMAC-SHA256 of "t.body">`, keyed by the secret as it is written. */
export function stripeHeaders(secret: string, json: string): Record<string, string> {
  const seconds = Math.floor(systemNow() / 1_000)
  const signature = createHmac('sha256', secret).update(`${seconds}.${json}`).digest('hex')
  return {
    'stripe-signature': `t=${seconds},v1=${signature}`,
    'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
    accept: '*/*; q=0.5, application/xml',
  }
}
