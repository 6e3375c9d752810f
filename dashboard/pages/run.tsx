import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { RunDetail } from '../../src/server/contract.ts'
import { queries } from '../queries.ts'
import { describeTook } from '../time.ts'
import { Badge } from '../ui/badge.tsx'
import { Section } from '../ui/card.tsx'
import { Problem } from '../ui/empty-state.tsx'
import { Icon } from '../ui/icon.tsx'
import { MachineTime } from '../ui/machine-time.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { PROVIDER_NAMES, runWords } from '../words.ts'
import { EffectList } from './post/effect-list.tsx'
import { CancelRun } from './run/cancel-run.tsx'
import { RunLinks } from './run/run-links.tsx'
import { Timeline } from './run/timeline.tsx'
import styles from './run.module.css'

const route = getRouteApi('/runs/$id')

/** One run of a job: its steps in time, what each answered, and why it failed if it did. */
export function RunPage() {
  const { id } = route.useParams()
  const run = useQuery(queries.run(id))
  if (run.data) return <Run detail={run.data} />
  return (
    <>
      <PageHead title="Run" />
      {run.error ? (
        <Problem error={run.error} onRetry={() => void run.refetch()} />
      ) : (
        <Skeleton rows={6} height={44} />
      )}
    </>
  )
}

function Run({ detail }: { detail: RunDetail }) {
  const { run, submission } = detail
  return (
    <>
      <PageHead title={run.job} aside={<CancelRun run={run} />}>
        <div className={styles.facts}>
          <Badge status={runWords(run)} />
          <span>
            queued <MachineTime at={run.createdAt} />
          </span>
          <Took detail={detail} />
          {detail.recoveries > 0 && (
            <span>
              taken up again {detail.recoveries} {detail.recoveries === 1 ? 'time' : 'times'} after a crash
            </span>
          )}
          {submission && (
            <Link to="/posts/$id" params={{ id: submission.id }}>
              {submission.title ?? `Job post ${submission.reference}`}
            </Link>
          )}
          {detail.memberId && (
            <Link to="/members/$id" params={{ id: detail.memberId }}>
              The member
            </Link>
          )}
          <Link to="/runs" search={{ job: run.job }}>
            All of this job
          </Link>
          <code>{run.id}</code>
        </div>
      </PageHead>
      {run.parked && <Parked parked={run.parked} />}
      {run.paused && <Paused job={run.job} />}
      {detail.error && (
        <p className={styles.error}>
          <Icon name="alert" /> {detail.error}
        </p>
      )}
      <RunLinks links={detail.links} />
      <Section title="Steps">
        <Timeline detail={detail} />
      </Section>
      {detail.effects.length > 0 && <EffectList effects={detail.effects} />}
      <Section title="Input">
        <pre className={styles.json}>{detail.input}</pre>
      </Section>
    </>
  )
}

function Parked({ parked }: { parked: NonNullable<RunDetail['run']['parked']> }) {
  const name = PROVIDER_NAMES[parked.provider]
  return (
    <div className={styles.parked} role="status">
      <Icon name="clock" />
      <div>
        <p>
          <strong>Waiting for {name} to come back</strong> since <MachineTime at={parked.since} />
          {parked.times > 1 && `, tried ${parked.times} times`}. It goes on by itself.
        </p>
        <p>{parked.reason}</p>
        <Link to="/connections">How {name} stands</Link>
      </div>
    </div>
  )
}

function Paused({ job }: { job: string }) {
  return (
    <div className={styles.parked} role="status">
      <Icon name="pause" />
      <div>
        <p>
          <strong>{job} is paused</strong>. This run begins when somebody resumes the job.
        </p>
        <Link to="/runs" search={{ waitsFor: `job:${job}` }}>
          All that wait for it
        </Link>
      </div>
    </div>
  )
}

function Took({ detail: { run, executor, links } }: { detail: RunDetail }) {
  if (run.startedAt === null) {
    return links.dueAt === null ? null : (
      <span>
        due <MachineTime at={links.dueAt} />
      </span>
    )
  }
  const took = run.finishedAt && describeTook(Date.parse(run.finishedAt) - Date.parse(run.startedAt))
  return (
    <span>
      {took ? `took ${took}` : run.status === 'running' ? 'under way' : 'has begun'}
      {executor && ` on ${executor}`}
    </span>
  )
}
