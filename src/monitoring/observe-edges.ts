/** Counting, timing and tracing at the two edges: what comes in by webhooks, and what goes out to providers. */
import type { Context } from 'hono'
import type { Gate } from '../connectors/contract.ts'
import { KinkeeperError, monotonicMs, SECOND_MS } from '../primitives/index.ts'
import type { CallOutcome, Instruments } from './instruments.ts'
import { withSpan } from './traces.ts'

/** The same gate; what passes it is counted, timed and traced from when it is sent. */
export function observeGate(gate: Gate, { providerCalls, providerCallSeconds }: Instruments): Gate {
  return (request, act) =>
    gate(request, async () => {
      const { provider, operation } = request
      const begun = monotonicMs()
      const ended = (outcome: CallOutcome) => {
        providerCalls.add(1, { provider, operation, outcome })
        providerCallSeconds.record((monotonicMs() - begun) / SECOND_MS, { provider, operation })
      }
      const attributes = { 'kinkeeper.provider': provider, 'kinkeeper.operation': operation }
      try {
        const answer = await withSpan(`${provider} ${operation}`, { kind: 'client', attributes }, act)
        ended('answered')
        return answer
      } catch (error) {
        ended(callOutcome(error))
        throw error
      }
    })
}

/** `failed`: the provider did not do its part; a refusal is an answer. */
function callOutcome(error: unknown): CallOutcome {
  if (!(error instanceof KinkeeperError)) return 'failed'
  switch (error.next) {
    case 'retry':
    case 'look-first':
      return 'failed'
    case 'retry-at':
      return 'limited'
    default:
      return 'refused'
  }
}

type Handler = (context: Context) => Promise<Response>

/** The same handler of a source; what it accepts is counted, and each request is where a trace begins. */
export function observeWebhook(
  source: string,
  handler: Handler,
  onAccepted: (source: string) => void,
): Handler {
  return (context) => {
    const path = context.req.routePath
    const attributes = {
      'http.request.method': context.req.method,
      'http.route': path,
      'kinkeeper.source': source,
    }
    return withSpan(`${context.req.method} ${path}`, { kind: 'server', attributes }, async (note) => {
      const response = await handler(context)
      note({ 'http.response.status_code': response.status })
      if (response.ok) onAccepted(source)
      return response
    })
  }
}
