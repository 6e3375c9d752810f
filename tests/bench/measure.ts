import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { twilioForm } from './twilio-form.ts'

/** One row of the table that the benchmarks print. */
export type Row = { what: string; value: string; promise: string; kept: boolean | null }

/** The value below which this share of the samples lies. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
}

/** From idle to this load, connections are opened and code is compiled: told apart from the steady state. */
const RAMP_SECONDS = 3

/**
 * Sends texts at a steady rate, whatever the answers (open loop). Gives each answer's time in milliseconds: `atFirst`
 * those of the first three seconds, `samples` the rest.
 */
export async function textAtRate(options: {
  url: string
  authToken: string
  accountSid: string
  perSecond: number
  seconds: number
  body: (index: number) => string
}): Promise<{ atFirst: number[]; samples: number[]; failures: number }> {
  const atFirst: number[] = []
  const samples: number[] = []
  let failures = 0
  const total = options.perSecond * options.seconds
  const begun = performance.now()
  const pending: Promise<void>[] = []
  for (let index = 0; index < total; index++) {
    const due = begun + (index * 1_000) / options.perSecond
    const waitMs = due - performance.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    pending.push(
      send(options, `+1${2_000_000_000 + index}`, options.body(index)).then(
        // From when it was due, not from when we came round to it: a stalled server must not hide in the gaps.
        () =>
          void (index < options.perSecond * RAMP_SECONDS ? atFirst : samples).push(performance.now() - due),
        () => void failures++,
      ),
    )
  }
  await Promise.all(pending)
  return { atFirst, samples, failures }
}

export async function send(
  target: { url: string; authToken: string; accountSid: string },
  from: string,
  body: string,
): Promise<string> {
  const { form, signature } = twilioForm({
    url: `${target.url}/webhooks/twilio-sms`,
    authToken: target.authToken,
    fields: {
      MessageSid: `SM${randomBytes(16).toString('hex')}`,
      AccountSid: target.accountSid,
      From: from,
      To: '+15005550006',
      Body: body,
      NumMedia: '0',
    },
  })
  const response = await fetch(`${target.url}/webhooks/twilio-sms`, {
    method: 'POST',
    body: form,
    headers: { 'x-twilio-signature': signature },
  })
  const answer = await response.text()
  if (!response.ok) throw new Error(`${response.status}: ${answer}`)
  return answer
}

/** Waits until a count in the database is reached. */
export async function untilCount(
  pool: pg.Pool,
  query: string,
  count: number,
  limitMs: number,
): Promise<void> {
  const limit = performance.now() + limitMs
  for (;;) {
    const { rows } = await pool.query<{ count: string }>(query)
    if (Number(rows[0]?.count) >= count) return
    if (performance.now() > limit) throw new Error(`${query} reached ${rows[0]?.count} of ${count}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
