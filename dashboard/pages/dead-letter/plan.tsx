import type { LetterDetail } from '../../../src/server/dead-letters-contract.ts'
import { Badge } from '../../ui/badge.tsx'
import { Card, Section } from '../../ui/card.tsx'
import type { StatusWords } from '../../words.ts'
import styles from '../dead-letters.module.css'

type Plan = LetterDetail['plan']

const FATES: Record<Plan['effects'][number]['fate'], StatusWords> = {
  kept: { tone: 'ok', icon: 'check', word: 'Exists, not repeated' },
  tried: { tone: 'info', icon: 'retry', word: 'Would be tried' },
  blocked: { tone: 'warn', icon: 'hand', word: 'A person has to say' },
}
const UNDOABLE: StatusWords = { tone: 'info', icon: 'undo', word: 'Would be undone' }
const LASTING: StatusWords = { tone: 'idle', icon: 'lock', word: 'Stays as it is' }

/** What a replay and an undo would do, before either is asked for. */
export function PlanSections({ plan: { keptSteps, effects, undo } }: { plan: Plan }) {
  return (
    <>
      <Section title="What a replay would do">
        <Card>
          <div className={styles.outcome}>
            <p>
              {keptSteps.length === 0
                ? 'It would begin at the first step.'
                : `From the step that failed, it would keep what these answered: ${keptSteps.join(', ')}.`}
            </p>
            <PlanList
              items={effects.map(({ effect, fate }) => ({
                key: effect.id,
                words: effect.description,
                status: FATES[fate],
              }))}
            />
            {effects.length === 0 && <p className={styles.quiet}>It had done nothing outside yet.</p>}
          </div>
        </Card>
      </Section>
      {undo.length > 0 && (
        <Section title="What an undo would do">
          <Card>
            <div className={styles.outcome}>
              <PlanList
                items={undo.map(({ step, what, possible }) => ({
                  key: step,
                  words: `${step}: ${what}`,
                  status: possible ? UNDOABLE : LASTING,
                }))}
              />
            </div>
          </Card>
        </Section>
      )}
    </>
  )
}

function PlanList({ items }: { items: { key: string; words: string; status: StatusWords }[] }) {
  return (
    <ul className={styles.options}>
      {items.map(({ key, words, status }) => (
        <li key={key} className={styles.option}>
          <Badge status={status} /> <span dir="auto">{words}</span>
        </li>
      ))}
    </ul>
  )
}
