/**
 * Seals entries that have been committed, about once a second: one process at a time, whichever comes first. Where the
 * chain stands is logged once a day, so that it is also known outside the database.
 */
import { type Database, isDatabaseUnavailable } from '../database/index.ts'
import { type Logger, SECOND_MS, serializeError } from '../primitives/index.ts'

/** Where the chain stands: the place and the hash of its last entry. */
export type AuditHead = { seq: number; hash: string }

export type AuditSealer = {
  /** Seals everything that is committed by now. */
  seal(): Promise<void>
  /** As this process last saw it; null before it has. */
  head(): AuditHead | null
  /** Seals what there is, and stops. */
  stop(): Promise<void>
}

const EVERY_MS = SECOND_MS
/** In one transaction: entries of before there was a chain are sealed without holding anybody up. */
const BATCH = 2_000

/** Starts sealing. */
export function startAuditSealer({ database, logger }: { database: Database; logger: Logger }): AuditSealer {
  let head: AuditHead | null = null
  let stopped = false
  let underWay: Promise<void> = Promise.resolve()
  const note = (sealed: SealedBatch) => {
    head = sealed.head
    if (sealed.anchored)
      logger.info({ event: 'audit.anchor', ...sealed.head }, 'The audit’s chain stands here today')
  }
  const look = async () => {
    while (!stopped) {
      const sealed = await sealBatch(database, false)
      if (sealed === null) return // another process is at it
      note(sealed)
      if (sealed.count < BATCH) return
    }
  }
  const timer = setInterval(() => {
    underWay = underWay.then(look).catch((error: unknown) => {
      if (isDatabaseUnavailable(error)) return // said by everybody else
      logger.error(
        { event: 'audit.not_sealed', error: serializeError(error) },
        'Entries of the audit could not be sealed; trying again',
      )
    })
  }, EVERY_MS)
  timer.unref()
  return {
    seal: () => sealEntries(database, note),
    head: () => head,
    async stop() {
      clearInterval(timer)
      stopped = true
      await underWay
      await sealEntries(database, note)
    },
  }
}

type SealedBatch = { count: number; head: AuditHead; anchored: boolean }

/** Seals everything that is committed by now, after waiting for whoever is at it. */
export async function sealEntries(
  database: Pick<Database, 'pool'>,
  note: (sealed: SealedBatch) => void = () => {},
): Promise<void> {
  for (;;) {
    const sealed = await sealBatch(database, true)
    if (sealed) note(sealed)
    if (!sealed || sealed.count < BATCH) return
  }
}

async function sealBatch(database: Pick<Database, 'pool'>, wait: boolean): Promise<SealedBatch | null> {
  const { rows } = await database.pool.query<{
    sealed: number
    head_seq: string
    head_hash: string
    anchored: boolean
  }>('select * from seal_audit_entries($1, $2)', [BATCH, wait])
  const [row] = rows
  if (!row) return null
  return {
    count: row.sealed,
    head: { seq: Number(row.head_seq), hash: row.head_hash },
    anchored: row.anchored,
  }
}
