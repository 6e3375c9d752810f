import { Link } from '@tanstack/react-router'
import type { AuditEntryView } from '../../../src/server/audit-contract.ts'
import { describeExact } from '../../time.ts'
import { RelativeTime } from '../../ui/relative-time.tsx'
import styles from '../audit.module.css'

const SOURCES: Record<AuditEntryView['actor']['kind'], string> = {
  slack: ' in Slack',
  dashboard: '',
  system: '',
  sender: ' by text',
}

/** One entry as a sentence: who, what, to what, why; with the exact time. */
export function AuditEntry({ entry }: { entry: AuditEntryView }) {
  const { actor, action, reason, runId, seq, at } = entry
  return (
    <li className={styles.entry}>
      <p className={styles.sentence}>
        <Link to="/audit" search={{ actor: actor.id ?? 'system' }} className={styles.actor}>
          <bdi>{actor.name}</bdi>
        </Link>
        {SOURCES[actor.kind]} {action} <Target target={entry.target} />
      </p>
      {reason !== null && (
        <p className={styles.reason}>
          <bdi>{reason}</bdi>
        </p>
      )}
      <p className={styles.facts}>
        <time dateTime={at}>{describeExact(Date.parse(at))}</time>
        <RelativeTime at={at} inTable />
        <span>{seq === null ? 'being sealed' : `no. ${seq}`}</span>
        {entry.erased && <span>words erased with a person</span>}
        {runId !== null && (
          <Link to="/runs/$id" params={{ id: runId }}>
            run
          </Link>
        )}
      </p>
      <Detail detail={entry.detail} />
    </li>
  )
}

/** A link to what it was done to, where that has a page. */
function Target({ target: { kind, id } }: { target: AuditEntryView['target'] }) {
  // Elsewhere in the dashboard it is called a job post.
  const words = <bdi>{`${kind === 'submission' ? 'job post' : kind} ${id}`}</bdi>
  if (kind === 'member')
    return (
      <Link to="/members/$id" params={{ id }}>
        {words}
      </Link>
    )
  if (kind === 'submission')
    return (
      <Link to="/posts/$id" params={{ id }}>
        {words}
      </Link>
    )
  if (kind === 'run')
    return (
      <Link to="/runs/$id" params={{ id }}>
        {words}
      </Link>
    )
  if (kind === 'schedule') return <Link to="/schedules">{words}</Link>
  if (kind === 'community' || kind === 'audit') return null
  return (
    <Link to="/audit" search={{ target: `${kind}:${id}` }}>
      {words}
    </Link>
  )
}

function Detail({ detail }: { detail: unknown }) {
  if (detail === null) return null
  return (
    <details className={styles.detail}>
      <summary>Details</summary>
      <pre>{JSON.stringify(detail, null, 2)}</pre>
    </details>
  )
}
