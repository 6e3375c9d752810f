import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { AlertChannelView, AlertRuleView } from '../../../src/server/alerts-contract.ts'
import { client } from '../../client.ts'
import { useMayOperate } from '../../session.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { MachineTime } from '../../ui/machine-time.tsx'
import styles from '../alerts.module.css'
import { CHANNEL_NAMES, calmly, describeSpan, ruleWords, SEVERITY_WORDS } from './alert-words.ts'
import { MuteDialog } from './mute-dialog.tsx'
import { Notices } from './notices.tsx'
import { useAct } from './use-act.ts'

/** One rule: its condition, what was seen when it was last judged, whom it tells. */
export function RuleRow({ rule, channels }: { rule: AlertRuleView; channels: AlertChannelView[] }) {
  const off = channels.filter(({ channel, problem }) => problem !== null && rule.notify.includes(channel))
  return (
    <Card row label={rule.name}>
      <div className={styles.card}>
        <div className={styles.head}>
          <div>
            <p className={styles.badges}>
              <Badge status={ruleWords(rule)} />
              <Badge status={calmly(SEVERITY_WORDS[rule.severity])} />
            </p>
            <h3 className={styles.name}>{rule.name}</h3>
          </div>
          <RuleActions rule={rule} />
        </div>
        <p>
          <code className={styles.condition}>{rule.condition}</code>{' '}
          <span className={styles.quiet}>
            {describeSpan(rule)}
            {rule.minSamples > 1 && `, of ${rule.minSamples} runs or more`}
          </span>
        </p>
        <p className={styles.quiet}>
          {rule.seen ?? 'It has not been judged yet'}
          {rule.judgedAt !== null && (
            <>
              {' · '}judged <MachineTime at={rule.judgedAt} />
            </>
          )}
        </p>
        <p className={styles.quiet}>
          {rule.notify.length === 0
            ? 'Tells nobody'
            : `Tells ${rule.notify.map((channel) => CHANNEL_NAMES[channel]).join(' and ')}`}
          {rule.mutedUntil !== null && (
            <>
              {' · '}muted by {rule.mutedBy}, until <MachineTime at={rule.mutedUntil} />
            </>
          )}
          {rule.hasRunbook && (
            <>
              {' · '}
              <Link to="/alerts" search={{ runbook: rule.name }}>
                Runbook<span className="visually-hidden"> of {rule.name}</span>
              </Link>
            </>
          )}
        </p>
        {off.map(({ channel, problem }) => (
          <p key={channel} className={styles.quiet}>
            <Badge status={{ tone: 'idle', icon: 'minus', word: CHANNEL_NAMES[channel] }} /> {problem}
          </p>
        ))}
        {rule.lastTest.length > 0 && (
          <div>
            <p className={styles.label}>Latest test</p>
            <Notices notices={rule.lastTest} nobody="" />
          </div>
        )}
      </div>
    </Card>
  )
}

function RuleActions({ rule }: { rule: AlertRuleView }) {
  const [muting, setMuting] = useState(false)
  const mayOperate = useMayOperate()
  const unmute = useAct(() => client.muteAlertRule(rule.name, null), `${rule.name} tells again`)
  const test = useAct(
    () => client.testAlertRule(rule.name),
    `A test of ${rule.name} is on its way; below it says what became of it`,
  )
  if (!mayOperate) return null
  return (
    <div className={styles.actions}>
      {rule.notify.length > 0 && (
        <Button look="quiet" icon="send" busy={test.isPending} onClick={() => test.mutate(undefined)}>
          Test<span className="visually-hidden"> {rule.name}</span>
        </Button>
      )}
      {rule.mutedUntil === null ? (
        <Button icon="stop" onClick={() => setMuting(true)}>
          Mute<span className="visually-hidden"> {rule.name}</span>…
        </Button>
      ) : (
        <Button busy={unmute.isPending} onClick={() => unmute.mutate(undefined)}>
          Unmute<span className="visually-hidden"> {rule.name}</span>
        </Button>
      )}
      {muting && <MuteDialog name={rule.name} onClose={() => setMuting(false)} />}
    </div>
  )
}
