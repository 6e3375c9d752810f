/**
 * A run continues the trace of what started it. While tracing is on, what is under way where a run is started is
 * written into the run's row (W3C's `traceparent`, in DBOS's `attributes`), where it survives whatever the run does.
 */
import { context, propagation } from '@opentelemetry/api'
import { sql } from 'drizzle-orm'
import type { Database } from '../database/index.ts'

/** The part of a new run's options that says what it continues; nothing when nothing is traced. */
export function traceAttributes(): { attributes?: Record<string, string> } {
  const carrier: Record<string, string> = {}
  propagation.inject(context.active(), carrier)
  return carrier.traceparent === undefined ? {} : { attributes: { traceparent: carrier.traceparent } }
}

/** What a run continues; null when it was started outside any trace. */
export async function readTrace(
  database: Pick<Database, 'db'>,
  runId: string,
): Promise<{ traceparent: string } | null> {
  const { rows } = await database.db.execute<{ traceparent: string | null }>(
    sql`select attributes ->> 'traceparent' as traceparent from dbos.workflow_status where workflow_uuid = ${runId}`,
  )
  const traceparent = rows[0]?.traceparent
  return traceparent ? { traceparent } : null
}
