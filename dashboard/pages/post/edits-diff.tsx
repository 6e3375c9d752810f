import type { SubmissionDetail } from '../../../src/server/contract.ts'
import { fieldLabel } from '../../post-fields.ts'
import { Card, Section } from '../../ui/card.tsx'
import styles from './lists.module.css'

/** What a moderator changed, field by field: what the parser had read, and what it became. */
export function EditsDiff({ edits }: { edits: SubmissionDetail['edits'] }) {
  return (
    <Section title="Edited before approval">
      <Card>
        <dl className={styles.diff}>
          {edits.map(({ field, before, after }) => (
            <div key={field} className={styles.change}>
              <dt>{fieldLabel(field)}</dt>
              <dd dir="auto">
                {before === '' ? <span className={styles.quiet}>(was empty)</span> : <del>{before}</del>}
              </dd>
              <dd dir="auto">
                {after === '' ? <span className={styles.quiet}>(cleared)</span> : <ins>{after}</ins>}
              </dd>
            </div>
          ))}
        </dl>
      </Card>
    </Section>
  )
}
