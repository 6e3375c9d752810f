import { Link } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import type { AlertView } from '../../../src/server/alerts-contract.ts'
import { client } from '../../client.ts'
import { useMayOperate } from '../../session.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { MachineTime } from '../../ui/machine-time.tsx'
import styles from '../alerts.module.css'
import { ALERT_WORDS, SEVERITY_WORDS } from './alert-words.ts'
import { Notices } from './notices.tsx'
import { useAct } from './use-act.ts'

/** One alert that is open: what was seen, since when, who knows, and what to do. */
export function OpenAlert({ alert, isWanted }: { alert: AlertView; isWanted: boolean }) {
  const here = useRef<HTMLDivElement>(null)
  // A link from Slack lands on its alert.
  useEffect(() => {
    if (isWanted) here.current?.scrollIntoView({ block: 'center' })
  }, [isWanted])
  const { rule, cause, acknowledged, quietSince } = alert
  return (
    <div ref={here} data-wanted={isWanted || undefined} className={styles.wanted}>
      <Card row label={`${rule}: ${alert.summary}`} tone={alert.status === 'firing' ? 'bad' : 'warn'}>
        <div className={styles.card}>
          <div className={styles.head}>
            <div>
              <p className={styles.badges}>
                <Badge status={ALERT_WORDS[alert.status]} />
                <Badge status={SEVERITY_WORDS[alert.severity]} />
              </p>
              <h3 className={styles.name}>
                {rule}
                {cause !== null && <span className={styles.quiet}> · {cause}</span>}
              </h3>
            </div>
            <Acknowledge alert={alert} />
          </div>
          <p>{alert.summary}.</p>
          <p className={styles.quiet}>
            Fired <MachineTime at={alert.firedAt} />
            {acknowledged && (
              <>
                {' · '}acknowledged by {acknowledged.by} <MachineTime at={acknowledged.at} />
              </>
            )}
            {quietSince !== null && (
              <>
                {' · '}quiet since <MachineTime at={quietSince} />, so it will resolve soon
              </>
            )}
          </p>
          <Notices notices={alert.notices} nobody="Nobody was told: the rule is muted, or tells nobody." />
          <p className={styles.links}>
            {alert.actPath !== null && <a href={alert.actPath}>Where to act</a>}
            {alert.hasRunbook && (
              <Link to="/alerts" search={{ runbook: rule }}>
                What to do (runbook)
              </Link>
            )}
          </p>
        </div>
      </Card>
    </div>
  )
}

function Acknowledge({ alert }: { alert: AlertView }) {
  const acknowledge = useAct(
    client.acknowledgeAlert,
    'You have it. Others see your name, and PagerDuty stops calling',
  )
  const mayOperate = useMayOperate()
  if (alert.status !== 'firing' || !mayOperate) return null
  return (
    <Button
      look="primary"
      icon="hand"
      hotkey="a"
      busy={acknowledge.isPending}
      onClick={() => acknowledge.mutate(alert.id)}
    >
      Acknowledge<span className="visually-hidden"> {alert.rule}</span>
    </Button>
  )
}
