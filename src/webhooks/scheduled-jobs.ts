/**
 * `GET|POST /api/jobs/<name>`: an outside scheduler asks for a scheduled job. Hitting the same slot twice runs it once;
 * the answer comes at once and names the run.
 */
import type { Context } from 'hono'
import { isBearer } from './bearer.ts'
import type { RefusalCounter } from './refusals.ts'

export type ScheduledJobsOptions = {
  /** Null: the door is shut. */
  cronSecret: string | null
  publicUrl: string
  refusals: RefusalCounter
  request(schedule: string): Promise<{ runId: string; first: boolean; slotMs: number }>
}

/** Makes the handler of one schedule's path. */
export function scheduledJobHandler(
  options: ScheduledJobsOptions,
  schedule: string,
): (context: Context) => Promise<Response> {
  return async (context) => {
    const { cronSecret } = options
    if (cronSecret === null) {
      options.refusals('cron', 'off')
      return answer(
        503,
        'off',
        'This address is off: set CRON_SECRET, and send it as "Authorization: Bearer …".',
      )
    }
    const header = context.req.header('authorization')
    if (!isBearer(header, cronSecret)) {
      options.refusals('cron', header ? 'mismatch' : 'missing_header')
      return answer(401, 'unauthorized', 'Send CRON_SECRET as "Authorization: Bearer …".')
    }
    const { runId, first, slotMs } = await options.request(schedule)
    return context.json(
      {
        runId,
        slot: new Date(slotMs).toISOString(),
        started: first,
        message: first ? 'Started.' : 'This slot was started before; here is its run.',
        url: `${options.publicUrl}/runs/${encodeURIComponent(runId)}`,
      },
      first ? 202 : 200,
    )
  }
}

function answer(status: number, code: string, message: string): Response {
  const headers = status === 401 ? { 'www-authenticate': 'Bearer' } : {}
  return Response.json({ error: { code, message } }, { status, headers })
}
