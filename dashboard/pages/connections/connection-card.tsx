import type { ConnectionView } from '../../../src/server/membership-contract.ts'
import { Badge } from '../../ui/badge.tsx'
import { Card } from '../../ui/card.tsx'
import { MachineTime } from '../../ui/machine-time.tsx'
import { Meter } from '../../ui/meter.tsx'
import { BREAKER_WORDS, PROVIDER_NAMES, PROVIDER_WORDS, type StatusWords } from '../../words.ts'
import styles from '../connections.module.css'

/** Nobody can say that it answers before it was asked. */
const UNTRIED: StatusWords = { tone: 'idle', icon: 'clock', word: 'Not asked yet' }

/** One provider. */
export function ConnectionCard({ connection }: { connection: ConnectionView }) {
  const { provider, mode, breaker, lastAnswer, parkedRuns } = connection
  const name = PROVIDER_NAMES[provider]
  const isUntried = lastAnswer === null && breaker === 'closed'
  const isAway = mode !== 'off' && breaker !== 'closed'
  return (
    <Card row label={name} {...(isAway && { tone: 'bad' })}>
      <div className={styles.card}>
        <div className={styles.head}>
          <h2>{name}</h2>
          <Badge status={PROVIDER_WORDS[mode]} />
          {mode !== 'off' && <Badge status={isUntried ? UNTRIED : BREAKER_WORDS[breaker]} />}
        </div>
        {isAway && <Away connection={connection} />}
        {mode !== 'off' && lastAnswer !== null && (
          <p className={styles.quiet}>
            Last answer <MachineTime at={lastAnswer.at} />: {lastAnswer.text}
          </p>
        )}
        {parkedRuns > 0 && (
          <p className={styles.parked}>
            {parkedRuns === 1 ? '1 run waits' : `${parkedRuns.toLocaleString('en')} runs wait`} for {name}
          </p>
        )}
        {mode !== 'off' && <Use connection={connection} />}
        {connection.advice !== null && <p className={styles.advice}>{connection.advice}</p>}
      </div>
    </Card>
  )
}

function Away({ connection: { reason, openedAt, nextProbeAt } }: { connection: ConnectionView }) {
  return (
    <div className={styles.away}>
      <p>{reason ?? 'It does not answer.'}</p>
      <p className={styles.quiet}>
        {openedAt !== null && (
          <>
            Away since <MachineTime at={openedAt} />
          </>
        )}
        {nextProbeAt !== null && (
          <>
            {' · '}next try <MachineTime at={nextProbeAt} />
          </>
        )}
      </p>
    </div>
  )
}

/** Each limit with what is used of it; what has no limit is a plain number. */
function Use({ connection: { places, perMinute, lastMinute, month } }: { connection: ConnectionView }) {
  const { requests, failures, refusals } = lastMinute
  const trouble = [
    failures > 0 ? `${failures} failed` : null,
    refusals > 0 ? `${refusals} refused as too many` : null,
  ].filter((words) => words !== null)
  const monthWords = `${number(month.used)}${month.budget === null ? '' : ` of ${number(month.budget)}`}`
  return (
    <div className={styles.use}>
      {places !== null && (
        <Meter
          label="At once"
          value={places.held}
          limit={places.limit}
          text={`${places.held} of ${places.limit}`}
        />
      )}
      {perMinute === null ? (
        <Plain label="In the last minute" text={number(requests)} />
      ) : (
        <Meter
          label="In the last minute"
          value={requests}
          limit={perMinute}
          text={`${number(requests)} of ${number(perMinute)}`}
        />
      )}
      {month.budget === null ? (
        <Plain label="This month" text={monthWords} />
      ) : (
        <Meter
          label="This month"
          value={month.used}
          limit={month.budget}
          text={`${monthWords}, about ${number(month.forecast)} by its end`}
        />
      )}
      {trouble.length > 0 && <p className={styles.trouble}>In the last minute {trouble.join(', ')}</p>}
    </div>
  )
}

function Plain({ label, text }: { label: string; text: string }) {
  return (
    <p className={styles.plain}>
      <span>{label}</span>
      <span>{text}</span>
    </p>
  )
}

function number(value: number): string {
  return value.toLocaleString('en')
}
