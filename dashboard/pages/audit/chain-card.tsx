import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { AuditVerificationState } from '../../../src/server/audit-contract.ts'
import { type AuditSearch, auditQueries, exportAddress, startVerification } from '../../audit-queries.ts'
import { useMayOperate } from '../../session.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Icon } from '../../ui/icon.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { useToast } from '../../ui/toast.tsx'
import styles from '../audit.module.css'

/** Whether the audit can be trusted, and how it is taken away. */
export function ChainCard({ search }: { search: AuditSearch }) {
  const mayOperate = useMayOperate()
  const state = useQuery(auditQueries.verification)
  return (
    <Card>
      <div className={styles.chain}>
        <div className={styles.chainText}>
          {state.data ? <Outcome state={state.data} /> : <p className={styles.quiet}>…</p>}
          {state.data?.head && (
            <p className={styles.head}>
              Head of the chain <code>{state.data.head}</code>
            </p>
          )}
        </div>
        {mayOperate ? (
          <div className={styles.chainActions}>
            <Verify isRunning={Boolean(state.data?.running)} />
            <a href={exportAddress(search, 'csv')} download className={styles.export}>
              <Icon name="download" /> CSV
            </a>
            <a href={exportAddress(search, 'jsonl')} download className={styles.export}>
              <Icon name="download" /> JSON lines
            </a>
          </div>
        ) : (
          <p className={styles.quiet}>Operators can have it verified, and download it.</p>
        )}
      </div>
    </Card>
  )
}

function Outcome({ state: { running, last } }: { state: AuditVerificationState }) {
  if (running) {
    return (
      <p className={styles.progress} role="status">
        Verifying: {running.checked} of {running.total} entries
        <progress aria-label="Verified" value={running.checked} max={Math.max(running.total, 1)} />
      </p>
    )
  }
  if (!last) {
    return (
      <p>
        <Badge status={{ tone: 'idle', icon: 'question', word: 'Not verified yet' }} /> Each entry is chained
        to the one before, so that a change is found.
      </p>
    )
  }
  const status = last.ok
    ? ({ tone: 'ok', icon: 'check', word: 'Unbroken' } as const)
    : ({ tone: 'bad', icon: 'alert', word: 'Not to be trusted' } as const)
  return (
    <p>
      <Badge status={status} /> {last.summary}.{' '}
      <span className={styles.quiet}>
        Verified <RelativeTime at={last.at} /> by {last.by}
      </span>
    </p>
  )
}

function Verify({ isRunning }: { isRunning: boolean }) {
  const queryClient = useQueryClient()
  const toast = useToast()
  const verify = useMutation({
    mutationFn: startVerification,
    onError: (error) => toast({ look: 'bad', title: 'It was not begun', detail: error.message }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: auditQueries.verification.queryKey }),
  })
  return (
    <Button icon="check" busy={isRunning || verify.isPending} onClick={() => verify.mutate()}>
      Verify
    </Button>
  )
}
