import { setTimeout as pause } from 'node:timers/promises'
import type { Database } from '../database/index.ts'
import { monotonicMs, SECOND_MS } from '../primitives/index.ts'
import { fail, say } from './command.ts'

const NOT_YET = 'It has not begun yet: Kinkeeper does it as soon as it runs. Its run is in the dashboard.'
/** Nobody has taken it up by then: nobody is there. */
const TAKEN_UP_WITHIN_MS = 5 * SECOND_MS
/** What a run that will not go on says of itself. */
const ENDED = new Set(['ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'])

/**
 * Waits for the end of a run that a command has asked for, or until it is clear that none comes, and says so.
 * @param options.readResult null while there is none; @param options.meanwhile what else to look at while waiting
 * @returns the exit code: what `tell` gives for a result, 1 when the run has failed, 0 when it is still to be done
 */
export async function waitForRun<Result>(
  database: Database,
  runId: string,
  options: {
    limitMs: number
    readResult: () => Promise<Result | null>
    tell: (result: Result) => number
    meanwhile?: () => Promise<void>
    failed: string
    stillAtIt: string
  },
): Promise<number> {
  const begun = monotonicMs()
  while (monotonicMs() - begun < options.limitMs) {
    const result = await options.readResult()
    if (result !== null) return options.tell(result)
    const status = await statusOf(database, runId)
    if (ENDED.has(status)) return fail(options.failed)
    if (monotonicMs() - begun > TAKEN_UP_WITHIN_MS && status === 'ENQUEUED') return say(NOT_YET)
    await options.meanwhile?.()
    await pause(200)
  }
  return say(options.stillAtIt)
}

async function statusOf(database: Database, runId: string): Promise<string> {
  const { rows } = await database.pool.query<{ status: string }>(
    'select status from dbos.workflow_status where workflow_uuid = $1',
    [runId],
  )
  return rows[0]?.status ?? 'ENQUEUED'
}
