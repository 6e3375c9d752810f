import pg from 'pg'
import { z } from 'zod'
import { type Logger, parseJson } from '../primitives/index.ts'
import type { Transaction } from './database.ts'

const TOPICS = [
  'inbox',
  'submission',
  'run',
  'effect',
  'clock',
  'member',
  'schedule',
  'provider',
  'alert',
  'dead-letter',
  'job',
] as const

/** What changed, for the surfaces that show it: the topic and the id, never the data. */
const changeSchema = z.object({
  topic: z.enum(TOPICS),
  id: z.string().nullable(),
})
export type Change = z.infer<typeof changeSchema>

const CHANNEL = 'kinkeeper_changes'

/** Tells every process, when and only when this transaction commits. */
export async function announceChange(tx: Pick<Transaction, 'client'>, change: Change): Promise<void> {
  await tx.client.query('select pg_notify($1, $2)', [CHANNEL, JSON.stringify(change)])
}

export type ChangeFeed = { subscribe(listener: (change: Change) => void): () => void; close(): Promise<void> }

/**
 * Listens for changes on one connection of its own, and reconnects when it breaks. Anything may have changed unheard
 * meanwhile, so listeners then get every topic, with null for the id.
 */
export function openChangeFeed(options: { url: string; logger: Logger }): ChangeFeed {
  const listeners = new Set<(change: Change) => void>()
  let client: pg.Client | null = null
  let closed = false
  let retry: NodeJS.Timeout | null = null

  const tell = (change: Change) => {
    for (const listener of listeners) listener(change)
  }
  const connect = async (reconnecting: boolean) => {
    const next = new pg.Client({ connectionString: options.url, keepAlive: true })
    next.on('error', () => {})
    next.on('notification', (message) => {
      const change = changeSchema.safeParse(parseJson(message.payload ?? ''))
      if (change.success) tell(change.data)
    })
    next.once('end', () => again())
    try {
      await next.connect()
      await next.query(`listen ${CHANNEL}`)
      client = next
      if (closed) await next.end()
      if (reconnecting) for (const topic of TOPICS) tell({ topic, id: null })
    } catch {
      await next.end().catch(() => {})
      again()
    }
  }
  const again = () => {
    if (closed || retry) return
    options.logger.debug({ event: 'changes.lost' }, 'The change feed lost its connection; reconnecting')
    retry = setTimeout(() => {
      retry = null
      void connect(true)
    }, 1_000)
    retry.unref()
  }
  void connect(false)

  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      closed = true
      if (retry) clearTimeout(retry)
      await client?.end().catch(() => {})
    },
  }
}
