import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ScheduleView } from '../../../src/server/membership-contract.ts'
import { client } from '../../client.ts'
import { queries } from '../../queries.ts'
import { describeCron, describeSlot, sameTime } from '../../schedule-words.ts'
import { useMayOperate } from '../../session.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { useToast } from '../../ui/toast.tsx'
import styles from '../schedules.module.css'
import { Firings } from './firings.tsx'

/** One schedule: what it does, when, and who else may start it. */
export function ScheduleCard({ schedule }: { schedule: ScheduleView }) {
  const mayRun = useMayOperate()
  const { name, idleBecause } = schedule
  return (
    <Card row label={name}>
      <div className={styles.card}>
        <div className={styles.head}>
          <div>
            <h2 className={styles.name}>{name}</h2>
            <p>{schedule.description}</p>
            <p className={styles.quiet}>
              {describeCron(schedule.cron)}, {schedule.zone}
            </p>
          </div>
          {mayRun ? <RunNow name={name} /> : <p className={styles.quiet}>Operators can run it now.</p>}
        </div>
        {idleBecause !== null && (
          <p className={styles.idle}>
            <Badge status={{ tone: 'idle', icon: 'minus', word: 'Idle' }} /> {idleBecause}
          </p>
        )}
        <div className={styles.columns}>
          <div>
            <h3 className={styles.label}>Next</h3>
            <Next schedule={schedule} />
          </div>
          <div>
            <h3 className={styles.label}>Last</h3>
            <Firings firings={schedule.last} />
          </div>
        </div>
        <Endpoint endpoint={schedule.endpoint} />
      </div>
    </Card>
  )
}

function Next({ schedule: { next, zone } }: { schedule: ScheduleView }) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone
  return (
    <ol className={styles.times}>
      {next.map((at, index) => {
        const atMs = Date.parse(at)
        return (
          <li key={at}>
            <span>{describeSlot(atMs)}</span>
            {!sameTime(atMs, own, zone) && (
              <span className={styles.quiet}>
                {describeSlot(atMs, zone)} {zone}
              </span>
            )}
            {index === 0 && (
              <span className={styles.quiet}>
                <RelativeTime at={at} />
              </span>
            )}
          </li>
        )
      })}
    </ol>
  )
}

function Endpoint({ endpoint }: { endpoint: ScheduleView['endpoint'] }) {
  if (endpoint === null) return null
  return (
    <p className={styles.endpoint}>
      <Badge
        status={
          endpoint.open
            ? { tone: 'ok', icon: 'globe', word: 'Open' }
            : { tone: 'idle', icon: 'stop', word: 'Closed' }
        }
      />
      <code>{endpoint.path}</code>
      <span className={styles.quiet}>
        {endpoint.open
          ? 'An outside scheduler may call it with the bearer CRON_SECRET. Twice in one slot is once.'
          : 'To let an outside scheduler start it, set CRON_SECRET and restart.'}
      </span>
    </p>
  )
}

function RunNow({ name }: { name: string }) {
  const queryClient = useQueryClient()
  const toast = useToast()
  const run = useMutation({
    mutationFn: () => client.runSchedule(name),
    onSuccess: ({ runId }) => toast({ look: 'ok', title: `${name} has been started`, runId }),
    onError: (error) => toast({ look: 'bad', title: `${name} was not started`, detail: error.message }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: queries.schedules.queryKey }),
  })
  return (
    <Button icon="bolt" busy={run.isPending} onClick={() => run.mutate()}>
      Run<span className="visually-hidden"> {name}</span> now
    </Button>
  )
}
