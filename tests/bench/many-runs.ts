import type pg from 'pg'

export const RUNS = 1_000_000
export const LETTERS = 10_000
/** One run every five seconds makes 58 days. */
const EVERY_MS = 5_000
/** Of a thousand runs, how many are of which job. */
const JOBS = [
  ['member-sync', 400],
  ['webhook-delivery', 200],
  ['job-post-review', 120],
  ['sender-notice', 90],
  ['job-post-publication', 60],
  ['approval-timer', 50],
  ['approval-reminder', 30],
  ['luma-approval', 20],
  ['slack-sync', 15],
  ['member-deactivation', 10],
  ['cleanup', 5],
] as const
export const JOB_NAMES = JOBS.map(([name]) => name)
/** How dead letters came about: provider, class, the step. */
const CAUSES = [
  ['mailchimp', 'unreachable', 'put the contact'],
  ['mailchimp', 'refused', 'put the contact'],
  ['slack', 'rate-limited', 'tell the channel'],
  ['circle', 'failing', 'publish on Circle'],
  ['stripe', 'no-answer', 'read the subscription'],
  ['luma', 'credentials', 'read the guests'],
  ['openai', 'unreadable', 'read the texts'],
  [null, 'bug', 'settle'],
] as const

/** Fills a database with runs that ended over the last 58 days, newest now, and with dead letters of those that failed. */
export async function fillRuns(pool: pg.Pool): Promise<void> {
  // One row for each of a thousand places, so that a run's job is a look-up.
  await pool.query(`create temp table job_of (place int primary key, name text)`)
  let place = 0
  for (const [name, share] of JOBS) {
    await pool.query(`insert into job_of select n, $1 from generate_series($2::int, $3::int) n`, [
      name,
      place,
      place + share - 1,
    ])
    place += share
  }
  // 7919 is prime to 1000: neighbours in time are of different jobs. One in a hundred failed, one in 200 was cancelled.
  await pool.query(
    `insert into dbos.workflow_status (workflow_uuid, status, name, created_at, updated_at, started_at_epoch_ms,
       completed_at, executor_id, application_version, application_name, class_name, config_name, recovery_attempts,
       queue_name, serialization)
     select job.name || ':' || md5(n::text) || case when n % 37 = 0 then '~2' else '' end,
       case when n % 100 = 7 then 'ERROR' when n % 200 = 9 then 'CANCELLED' else 'SUCCESS' end,
       job.name, at, at + took, at + 40, at + 40 + took, 'exec_bench', 'kinkeeper-1', 'kinkeeper', '', '', 1, 'jobs',
       'js_superjson'
     from (select n, (n::bigint * 7919) % 1000 as place, 100 + (n * 31) % 4000 as took,
             (extract(epoch from now()) * 1000)::bigint - (n + 20)::bigint * ${EVERY_MS}::bigint as at
           from generate_series(1, ${RUNS}) n) run
     join job_of job using (place)`,
  )
  await pool.query(
    `insert into dbos.workflow_input (workflow_uuid, inputs)
     select workflow_uuid, '{"json":[{"memberId":"mem_seeded"}]}' from dbos.workflow_status`,
  )
  await pool.query(
    `insert into dbos.operation_outputs (workflow_uuid, function_id, function_name, output, started_at_epoch_ms, completed_at_epoch_ms)
     select workflow_uuid, step, 'step ' || step, '{"json":{"value":null}}', started_at_epoch_ms + step * 10, completed_at
     from dbos.workflow_status, generate_series(0, 2) step
     where workflow_uuid > 'm' and started_at_epoch_ms % 4 = 0`,
  )
  await fillLetters(pool)
  await pool.query('vacuum analyze')
}

async function fillLetters(pool: pg.Pool): Promise<void> {
  const values = CAUSES.map(
    ([provider, errorClass, step], place) =>
      `(${place}, ${provider === null ? 'null' : `'${provider}'`}, '${errorClass}', '${step}')`,
  )
  await pool.query(
    `insert into dead_letters (id, run_id, job, status, failed_at, step, error, cause, provider, error_class, attempts)
     select 'dl_' || md5(run.workflow_uuid), run.workflow_uuid, run.name, 'open', to_timestamp(run.completed_at / 1000.0),
       why.step, jsonb_build_object('name', 'ProviderError', 'next', 'retry', 'facts', jsonb_build_object(),
         'message', coalesce(why.provider, 'Something') || ' answered 503 to somebody@example.org'),
       concat_ws(' / ', why.provider, why.class, run.name, why.step), why.provider, why.class, 5
     from (select *, row_number() over (order by completed_at) as n from dbos.workflow_status where status = 'ERROR') run
     join (values ${values.join(', ')}) as why(place, provider, class, step) on why.place = run.n % ${CAUSES.length}
     order by run.n limit ${LETTERS}`,
  )
}
