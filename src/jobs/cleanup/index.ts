/**
 * `cleanup`: removes what has been kept for long enough, a batch at a time, each a short transaction of its own that
 * passes over rows that somebody else is at, with a pause in between: nobody waits for it.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { recordAudit, SYSTEM } from '../../audit/index.ts'
import { defineJob, deleteFinishedRuns, type Job, type RunContext } from '../../engine/index.ts'
import { HOUR_MS, systemNow } from '../../primitives/index.ts'
import type { MembershipParts } from '../membership/parts.ts'
import { DEFAULT_RETENTION, RETENTION_KINDS, type RetentionSettings } from './retention.ts'

export { DEFAULT_RETENTION, type RetentionSettings } from './retention.ts'

const inputSchema = z.object({ slot: z.string() })
export type CleanupJob = Job<z.infer<typeof inputSchema>>

/** How many rows of each kind were removed. `unfinished`: kinds of which more is left for the next time. */
export type CleanupResult = { removed: Record<string, number>; unfinished: string[] }

const BATCH = 500
/** A run takes its steps, its results and its failed attempts along: many in a step, but few in a transaction. */
const RUNS_PACE = { limit: 2_000, batch: 100 }
/** Of one kind in one night: the steps of one run are not to become too many themselves. */
const MOST_BATCHES = 500
const PAUSE_MS = 20

export function defineCleanup(
  parts: Pick<MembershipParts, 'database' | 'clock'>,
  keep: RetentionSettings = DEFAULT_RETENTION,
): CleanupJob {
  return defineJob({
    name: 'cleanup',
    input: inputSchema,
    idempotencyKey: ({ slot }) => slot,
    lane: 'maintenance',
    perKey: { key: () => 'all' },
    timeoutMs: 3 * HOUR_MS,
    async run(context) {
      const result: CleanupResult = { removed: {}, unfinished: [] }
      for (const kind of RETENTION_KINDS)
        await inBatches(result, kind.name, (name) =>
          context.transaction(name, (tx) =>
            kind.remove(tx, keep, { community: parts.clock.now(), machine: systemNow() }, BATCH),
          ),
        )
      // It rests for most of the time, and is not to keep other runs' steps waiting for their turn meanwhile.
      await inBatches(result, 'runs', (name) => context.call(name, () => removeRuns(parts, keep)))
      return finish(context, parts, result)
    },
  })
}

/**
 * Removes batch after batch of a kind until nothing is left that nobody else is at. Each is a step, so the counts survive
 * a crash. A batch that is not full need not be the last: rows that were being changed have been passed over.
 */
async function inBatches(
  result: CleanupResult,
  kind: string,
  removeBatch: (step: string) => Promise<number>,
): Promise<void> {
  let removed = 0
  for (let number = 1; ; number++) {
    const count = await removeBatch(`remove ${kind} ${number}`)
    removed += count
    if (count === 0) break
    if (number === MOST_BATCHES) {
      result.unfinished.push(kind)
      break
    }
    await pause(PAUSE_MS)
  }
  result.removed[kind] = removed
}

function removeRuns(
  { database }: Pick<MembershipParts, 'database'>,
  keep: RetentionSettings,
): Promise<number> {
  const now = systemNow()
  return deleteFinishedRuns(
    database,
    { finished: now - keep.finishedRunsMs, failed: now - keep.failedRunsMs },
    RUNS_PACE,
  )
}

async function finish(
  context: RunContext,
  parts: Pick<MembershipParts, 'database' | 'clock'>,
  result: CleanupResult,
): Promise<CleanupResult> {
  return context.transaction('note what was removed', async (tx) => {
    const total = Object.values(result.removed).reduce((sum, count) => sum + count, 0)
    const more = result.unfinished.length > 0 ? `; more is left: ${result.unfinished.join(', ')}` : ''
    await recordAudit(tx, {
      atMs: parts.clock.now(),
      actor: SYSTEM,
      action: 'removed what was kept long enough',
      target: { kind: 'community', id: 'cleanup' },
      reason: `${total} rows${more}`,
      detail: result,
      runId: context.runId,
    })
    return result
  })
}
