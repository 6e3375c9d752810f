/** The last calls that crossed the wire, both ways, so that tests can check them against a provider's contract. */
import { isRecord } from '../primitives/index.ts'
import type { Provider } from './faults.ts'

const KEPT = 5_000
/** Never kept: they carry credentials. */
const SECRET_HEADERS = new Set([
  'authorization',
  'cookie',
  'x-twilio-signature',
  'x-slack-signature',
  'stripe-signature',
  'svix-signature',
])

type Call = {
  provider: Provider
  operation: string
  /** `in`: the application called us. `out`: we called the application. */
  direction: 'in' | 'out'
  method: string
  /** With the query string; of an outgoing call, the whole URL. */
  path: string
  headers: Record<string, string>
  /** Parsed when it was a form or JSON; null when there was none. */
  body: unknown
  /** What was answered; null while it is under way, 0 when the connection was cut or never made. */
  status: number | null
  /** The fault that hit it. */
  fault: string | null
  atMs: number
}

export type Calls = {
  record(call: Call): Call
  list(filter: { provider?: string | undefined; operation?: string | undefined }): Call[]
  /** Calls since the start by `provider/operation`, dropped ones included. */
  counts(): Record<string, number>
  clear(): void
}

/** Creates an empty record. It is bounded, in memory, and does not outlive the process. */
export function createCalls(): Calls {
  let calls: Call[] = []
  let counts: Record<string, number> = {}
  return {
    record(call) {
      const kept = { ...call, headers: withoutSecrets(call.headers), body: withoutToken(call.body) }
      calls.push(kept)
      if (calls.length > KEPT) calls = calls.slice(-KEPT / 2)
      const name = `${call.provider}/${call.operation}`
      counts[name] = (counts[name] ?? 0) + 1
      return kept
    },
    list: ({ provider, operation }) =>
      calls.filter(
        (call) =>
          (provider === undefined || call.provider === provider) &&
          (operation === undefined || call.operation === operation),
      ),
    counts: () => ({ ...counts }),
    clear() {
      calls = []
      counts = {}
    },
  }
}

function withoutSecrets(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !SECRET_HEADERS.has(name.toLowerCase())),
  )
}

/** Slack's token may come as a field of the body. */
function withoutToken(body: unknown): unknown {
  if (!isRecord(body) || !('token' in body)) return body
  const { token: _token, ...rest } = body
  return rest
}
