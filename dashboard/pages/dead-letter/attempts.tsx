import type { LetterDetail } from '../../../src/server/dead-letters-contract.ts'
import { describeTook } from '../../time.ts'
import { Card, Section } from '../../ui/card.tsx'
import { MachineTime } from '../../ui/machine-time.tsx'
import styles from '../dead-letters.module.css'

/** Every attempt of the step that failed: when, what was said, how long it waited before the next. */
export function Attempts({ detail: { letter, steps } }: { detail: LetterDetail }) {
  const step = steps.findLast(({ name, status }) => name === letter.step && status === 'failed')
  if (!step) return null
  const { attempts, error, finishedAt } = step
  return (
    <Section title={`Attempts of “${step.name}”`}>
      <Card>
        <ol className={styles.attempts}>
          {attempts.map((one) => (
            <li key={one.attempt}>
              <p>
                <strong>Attempt {one.attempt}</strong>, <MachineTime at={one.at} />
                {one.retryInMs !== null && (
                  <span className={styles.quiet}> · tried again after {describeTook(one.retryInMs)}</span>
                )}
              </p>
              <p className={styles.error} dir="auto">
                {one.error}
              </p>
            </li>
          ))}
          {error !== null && error !== attempts.at(-1)?.error && (
            <li>
              <p>
                <strong>In the end</strong>
                {finishedAt !== null && (
                  <>
                    , <MachineTime at={finishedAt} />
                  </>
                )}
              </p>
              <p className={styles.error} dir="auto">
                {error}
              </p>
            </li>
          )}
        </ol>
      </Card>
    </Section>
  )
}
