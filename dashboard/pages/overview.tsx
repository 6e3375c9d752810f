import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { OverviewView } from '../../src/server/overview-contract.ts'
import { queries } from '../queries.ts'
import { useSession } from '../session.ts'
import { Section } from '../ui/card.tsx'
import { EmptyState, Problem } from '../ui/empty-state.tsx'
import { MachineTime } from '../ui/machine-time.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { ProviderList, WebhookList } from './overview/edges.tsx'
import { HourTiles } from './overview/hour-tiles.tsx'
import { JobTable } from './overview/job-table.tsx'
import { Needed } from './overview/needed.tsx'
import styles from './overview.module.css'

/** What needs a person now, then the numbers as they change. */
export function OverviewPage() {
  const overview = useQuery(queries.overview)
  const { data } = overview
  return (
    <>
      <PageHead title="Overview">
        {data?.countedAt ? (
          <>
            Counted <MachineTime at={data.countedAt} />, and again every few seconds
          </>
        ) : (
          'What needs somebody, and how the work goes'
        )}
      </PageHead>
      {overview.error && !data && <Problem error={overview.error} onRetry={() => void overview.refetch()} />}
      {overview.isPending && <Skeleton rows={5} height={88} />}
      {data && <Overview view={data} />}
    </>
  )
}

function Overview({ view }: { view: OverviewView }) {
  const { sandbox } = useSession()
  return (
    <>
      <Section title="Needs somebody">
        <Needed needed={view.needed} />
      </Section>
      <Section title="Last hour">
        <HourTiles numbers={view.lastHour} />
      </Section>
      <Section title="Jobs">
        {view.jobs.length > 0 ? (
          <JobTable view={view} />
        ) : (
          <EmptyState
            icon="list"
            title={view.fresh ? 'Nothing has run yet' : 'No runs in 24 hours'}
            {...(sandbox && { action: <Link to="/sandbox">Text a job post from the sandbox</Link> })}
          >
            {view.fresh
              ? 'Each job appears here with its first run.'
              : 'Jobs appear here while they have ended, run or waited within the last day.'}
          </EmptyState>
        )}
      </Section>
      <div className={styles.edges}>
        <Section title="Webhooks, last hour">
          <WebhookList webhooks={view.webhooks} />
        </Section>
        <Section title="Providers">
          <ProviderList providers={view.providers} />
        </Section>
      </div>
    </>
  )
}
