import { useId, useState } from 'react'
import type { StepView } from '../../../src/server/contract.ts'
import { describeTook } from '../../time.ts'
import { Badge } from '../../ui/badge.tsx'
import { Icon } from '../../ui/icon.tsx'
import { MachineTime } from '../../ui/machine-time.tsx'
import { STEP_WORDS } from '../../words.ts'
import styles from './timeline.module.css'
import { placeOn, type Span } from './timeline-places.ts'

/** A step as a bar on the run's time, its failed attempts as marks on it; opened, what they said and what it answered. */
export function StepRow({ step, span }: { step: StepView; span: Span }) {
  const [open, setOpen] = useState(step.status === 'failed')
  const id = useId()
  const beganMs = beginningOf(step)
  const endMs = step.finishedAt === null ? span.endMs : Date.parse(step.finishedAt)
  const tries = step.attempts.length
  return (
    <tbody className={styles.step}>
      <tr>
        <th scope="row">
          <button
            type="button"
            className={styles.open}
            aria-expanded={open}
            aria-controls={open ? id : undefined}
            data-row
            onClick={() => setOpen(!open)}
          >
            <Icon name={open ? 'chevronDown' : 'chevronRight'} size={12} />
            <span>{step.name}</span>
          </button>
        </th>
        <td>
          <Badge status={STEP_WORDS[step.status]} />
        </td>
        <td className={styles.when}>
          {beganMs !== null && <Track step={step} span={span} beganMs={beganMs} endMs={endMs} />}
          {tries > 0 && (
            <span className={styles.tries}>
              {tries} {tries === 1 ? 'attempt' : 'attempts'} failed
            </span>
          )}
        </td>
        <td className={styles.took}>{beganMs === null ? '–' : describeTook(Math.max(0, endMs - beganMs))}</td>
      </tr>
      {open && (
        <tr id={id}>
          <td colSpan={4} className={styles.more}>
            <More step={step} />
          </td>
        </tr>
      )}
    </tbody>
  )
}

/** The bar, pale where it only waited for the next attempt, and a mark where an attempt failed. */
function Track(props: { step: StepView; span: Span; beganMs: number; endMs: number }) {
  const { step, span, beganMs, endMs } = props
  const bar = placeOn(span, beganMs, endMs)
  return (
    <div className={styles.track} aria-hidden="true">
      {bar && <span className={styles.bar} data-status={step.status} style={bar} />}
      {step.attempts.map(({ attempt, at, retryInMs, error }) => {
        const atMs = Date.parse(at)
        const wait = retryInMs === null ? null : placeOn(span, atMs, Math.min(atMs + retryInMs, endMs))
        const mark = placeOn(span, atMs, atMs)
        return (
          <span key={attempt}>
            {wait && <span className={styles.pause} style={wait} />}
            {mark && <span className={styles.mark} style={{ left: mark.left }} title={error} />}
          </span>
        )
      })}
    </div>
  )
}

function More({ step }: { step: StepView }) {
  return (
    <>
      {step.startedAt && (
        <p className={styles.said}>
          Began <MachineTime at={step.startedAt} />
        </p>
      )}
      {step.attempts.length > 0 && (
        <ol className={styles.attempts}>
          {step.attempts.map((attempt) => (
            <li key={attempt.attempt}>
              <strong>Attempt {attempt.attempt} failed</strong> <MachineTime at={attempt.at} />:{' '}
              {attempt.error}
              {attempt.retryInMs !== null && ` Tried again after ${describeTook(attempt.retryInMs)}.`}
            </li>
          ))}
        </ol>
      )}
      {step.error && step.error !== step.attempts.at(-1)?.error && (
        <p className={styles.error}>{step.error}</p>
      )}
      {step.output && <pre className={styles.output}>{step.output}</pre>}
      {!step.output && step.status === 'succeeded' && <p className={styles.said}>It answered nothing.</p>}
    </>
  )
}

/** A step that failed records the time of its last attempt only; the first may lie before. */
function beginningOf(step: StepView): number | null {
  const times = [step.startedAt, ...step.attempts.map(({ at }) => at)].flatMap((at) =>
    at === null ? [] : [Date.parse(at)],
  )
  return times.length === 0 ? null : Math.min(...times)
}
