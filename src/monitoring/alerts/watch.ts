import { isDatabaseUnavailable } from '../../database/index.ts'
import { type Logger, monotonicMs, serializeError, systemNow } from '../../primitives/index.ts'
import { EVALUATE_EVERY_MS, type EvaluationParts, evaluateRules } from './evaluate.ts'

/** Slower than this, and the tables have grown in a way that nobody foresaw. */
const SLOW_MS = 1_000

/** Evaluates the rules until it is stopped; the first time is at once. With no rules, open alerts still resolve. */
export function watchAlerts(parts: EvaluationParts & { logger: Logger }): { stop(): Promise<void> } {
  let stopped = false
  let timer: NodeJS.Timeout | null = null
  const once = async () => {
    const begun = monotonicMs()
    try {
      await evaluateRules(parts, systemNow())
      const tookMs = Math.round(monotonicMs() - begun)
      if (tookMs > SLOW_MS)
        parts.logger.warn({ event: 'alerts.slow', tookMs }, 'Evaluating the alert rules took long')
    } catch (error) {
      const level = isDatabaseUnavailable(error) ? 'debug' : 'error'
      parts.logger[level](
        { event: 'alerts.not_evaluated', error: serializeError(error) },
        'The alert rules could not be evaluated; trying again',
      )
    }
    if (!stopped) schedule(Math.max(1, EVALUATE_EVERY_MS - (monotonicMs() - begun)))
  }
  let working = once()
  const schedule = (inMs: number) => {
    timer = setTimeout(() => {
      working = once()
    }, inMs)
  }
  return {
    async stop() {
      stopped = true
      if (timer) clearTimeout(timer)
      await working
    },
  }
}
