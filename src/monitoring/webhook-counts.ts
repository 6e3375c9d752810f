import { type Database, isDatabaseUnavailable } from '../database/index.ts'
import { type Logger, serializeError, systemNow } from '../primitives/index.ts'
import type { Instruments } from './instruments.ts'
import { type GaugeName, SAMPLE_EVERY_MS, writeSample } from './stats/index.ts'

/** Counts what webhooks bring and what is turned away: for the metrics at once, for everybody's pages in a while. */
export type WebhookCounts = {
  accepted(source: string): void
  refused(source: string, reason: string): void
  /** Writes what has not been written yet. */
  stop(): Promise<void>
}

/**
 * What anybody can send must cost nothing: refusals are added up here, and become one row for each source every
 * fifteen seconds at most.
 */
export function countWebhooks(options: {
  database: Database
  logger: Logger
  instruments: Instruments
}): WebhookCounts {
  const { database, logger, instruments } = options
  let unwritten = new Map<string, { gauge: GaugeName; of: string; value: number }>()
  let timer: NodeJS.Timeout | null = null

  const write = async () => {
    timer = null
    const writing = unwritten
    unwritten = new Map()
    try {
      await database.transaction((tx) => writeSample(tx, systemNow(), [...writing.values()]))
    } catch (error) {
      for (const { gauge, of, value } of writing.values()) add(gauge, of, value)
      logger[isDatabaseUnavailable(error) ? 'debug' : 'error'](
        { event: 'webhooks.not_counted', error: serializeError(error) },
        'Could not write how many webhooks came; trying again',
      )
    }
  }
  const add = (gauge: GaugeName, of: string, value: number) => {
    const key = `${gauge}/${of}`
    unwritten.set(key, { gauge, of, value: value + (unwritten.get(key)?.value ?? 0) })
    if (timer) return
    timer = setTimeout(() => void write(), SAMPLE_EVERY_MS)
    timer.unref()
  }
  return {
    accepted(source) {
      instruments.deliveries.add(1, { source })
      add('webhook_deliveries', source, 1)
    },
    refused(source, reason) {
      instruments.refusals.add(1, { source, reason })
      add('webhook_refusals', source, 1)
    },
    async stop() {
      if (timer === null) return
      clearTimeout(timer)
      await write()
      if (timer !== null) clearTimeout(timer)
    },
  }
}
