import type { StepView } from '../../../src/server/contract.ts'
import { describeTook } from '../../time.ts'
import { Badge } from '../../ui/badge.tsx'
import { MachineTime } from '../../ui/machine-time.tsx'
import { STEP_WORDS } from '../../words.ts'
import styles from './step-row.module.css'

/** A step as a bar on the run's time, from `startMs` to `endMs`; opened, its attempts and what it answered. */
export function StepRow({ step, startMs, endMs }: { step: StepView; startMs: number; endMs: number }) {
  const bar = placeBar(step, startMs, endMs)
  return (
    <li className={styles.step}>
      <details open={step.status === 'failed'}>
        <summary className={styles.summary} data-row>
          <span className={styles.name}>{step.name}</span>
          <Badge status={STEP_WORDS[step.status]} />
          <span className={styles.track} aria-hidden="true">
            {bar && (
              <span
                className={styles.bar}
                data-status={step.status}
                style={{ left: `${bar.left}%`, width: `${bar.width}%` }}
              />
            )}
          </span>
          <span className={styles.took}>{bar ? describeTook(bar.tookMs) : '–'}</span>
        </summary>
        <div className={styles.more}>
          {step.startedAt && (
            <p className={styles.quiet}>
              Began <MachineTime at={step.startedAt} />
            </p>
          )}
          <Attempts attempts={step.attempts} />
          {step.error && step.error !== step.attempts.at(-1)?.error && (
            <p className={styles.error}>{step.error}</p>
          )}
          {step.output && <pre className={styles.output}>{step.output}</pre>}
        </div>
      </details>
    </li>
  )
}

function Attempts({ attempts }: { attempts: StepView['attempts'] }) {
  if (attempts.length === 0) return null
  return (
    <ol className={styles.attempts}>
      {attempts.map((attempt) => (
        <li key={attempt.attempt}>
          <strong>Attempt {attempt.attempt} failed</strong> <MachineTime at={attempt.at} />: {attempt.error}
          {attempt.retryInMs !== null && ` Tried again after ${describeTook(attempt.retryInMs)}.`}
        </li>
      ))}
    </ol>
  )
}

/** Where a step's bar lies on the run's time, in percent; null when it has not begun. */
function placeBar(step: StepView, startMs: number, endMs: number) {
  if (step.startedAt === null) return null
  const beganMs = Date.parse(step.startedAt)
  const finishedMs = step.finishedAt === null ? endMs : Date.parse(step.finishedAt)
  const percent = (ms: number) => Math.min(100, Math.max(0, (ms / (endMs - startMs)) * 100))
  const left = Math.min(percent(beganMs - startMs), 99)
  const width = Math.max(1, Math.min(percent(finishedMs - beganMs), 100 - left))
  return { left, width, tookMs: Math.max(0, finishedMs - beganMs) }
}
