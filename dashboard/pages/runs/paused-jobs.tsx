import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { JobList } from '../../../src/server/dead-letters-contract.ts'
import { operate, operationsQueries } from '../../operations-queries.ts'
import { useMayOperate } from '../../session.ts'
import { Button } from '../../ui/button.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { useToast } from '../../ui/toast.tsx'
import styles from '../runs.module.css'
import { PauseDialog } from './pause-dialog.tsx'

type Job = JobList['jobs'][number]

/** Which jobs begin no runs now, and who wanted that. */
export function PausedJobs() {
  const jobs = useQuery(operationsQueries.jobs)
  const paused = jobs.data?.jobs.filter((job) => job.paused !== null) ?? []
  if (paused.length === 0) return null
  return (
    <div className={styles.paused}>
      {paused.map((job) => (
        <PausedJob key={job.name} job={job} />
      ))}
    </div>
  )
}

/** For operators, the way to pause a job. */
export function PauseJob() {
  const jobs = useQuery(operationsQueries.jobs)
  const mayOperate = useMayOperate()
  const [asking, setAsking] = useState(false)
  if (!mayOperate) return null
  const names = jobs.data?.jobs.flatMap(({ name, paused }) => (paused === null ? [name] : [])) ?? []
  return (
    <>
      <Button icon="pause" disabled={names.length === 0} onClick={() => setAsking(true)}>
        Pause a job
      </Button>
      {asking && <PauseDialog names={names} onClose={() => setAsking(false)} />}
    </>
  )
}

function PausedJob({ job: { name, paused } }: { job: Job }) {
  const mayOperate = useMayOperate()
  if (paused === null) return null
  return (
    <div className={styles.pausedJob} role="status">
      <div>
        <p>
          <strong>{name} is paused</strong> by {paused.by}, <RelativeTime at={paused.at} />
          {paused.reason !== null && `: ${paused.reason}`}
        </p>
        <p>
          {paused.waiting === 0 ? (
            'Nothing waits for it yet; new runs will.'
          ) : (
            <Link to="/runs" search={{ waitsFor: `job:${name}` }}>
              {paused.waiting === 1 ? 'One run waits' : `${paused.waiting.toLocaleString('en')} runs wait`}
            </Link>
          )}
        </p>
      </div>
      {mayOperate && <Resume name={name} />}
    </div>
  )
}

function Resume({ name }: { name: string }) {
  const queryClient = useQueryClient()
  const toast = useToast()
  const resume = useMutation({
    mutationFn: () => operate.resumeJob(name),
    onSuccess: ({ waiting }) =>
      toast({
        look: 'ok',
        title: `${name} goes on`,
        detail: waiting === 0 ? 'Nothing had waited for it.' : `${waiting} begin now, fifty a second.`,
      }),
    onError: (error) => toast({ look: 'bad', title: `${name} is still paused`, detail: error.message }),
    onSettled: () =>
      Promise.all(
        [['jobs'], ['runs'], ['run']].map((queryKey) => queryClient.invalidateQueries({ queryKey })),
      ),
  })
  return (
    <Button icon="play" busy={resume.isPending} onClick={() => resume.mutate()}>
      Resume <span className="visually-hidden">{name}</span>
    </Button>
  )
}
