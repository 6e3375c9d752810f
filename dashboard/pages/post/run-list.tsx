import { Link } from '@tanstack/react-router'
import type { RunSummary } from '../../../src/server/contract.ts'
import { describeTook } from '../../time.ts'
import { Badge } from '../../ui/badge.tsx'
import { Card, Section } from '../../ui/card.tsx'
import { MachineTime } from '../../ui/machine-time.tsx'
import { runWords } from '../../words.ts'
import styles from './lists.module.css'

/** The runs that worked on a post, each with its own page. */
export function RunList({ runs }: { runs: RunSummary[] }) {
  return (
    <Section title="Runs">
      <Card>
        <ul className={styles.list}>
          {runs.map((run) => (
            <li key={run.id} className={styles.row}>
              <div className={styles.status}>
                <Badge status={runWords(run)} />
              </div>
              <div className={styles.text}>
                <Link to="/runs/$id" params={{ id: run.id }} data-row>
                  {run.job}
                </Link>
              </div>
              <p className={styles.quiet}>
                <MachineTime at={run.createdAt} />
                {run.startedAt &&
                  run.finishedAt &&
                  `, took ${describeTook(Date.parse(run.finishedAt) - Date.parse(run.startedAt))}`}
              </p>
            </li>
          ))}
        </ul>
      </Card>
    </Section>
  )
}
