import type { EffectView } from '../../../src/server/contract.ts'
import { useMayDecide } from '../../session.ts'
import { Badge } from '../../ui/badge.tsx'
import { Card, Section } from '../../ui/card.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { EFFECT_WORDS } from '../../words.ts'
import { EffectActions } from '../inbox/effect-actions.tsx'
import styles from './lists.module.css'

/** What was done in the world outside: messages sent, posts published. */
export function EffectList({ effects }: { effects: EffectView[] }) {
  const mayDecide = useMayDecide()
  return (
    <Section title="Done in the world">
      <Card>
        <ul className={styles.list}>
          {effects.map((effect) => (
            <li key={effect.id} className={styles.row}>
              <div className={styles.status}>
                <Badge status={EFFECT_WORDS[effect.status]} />
              </div>
              <div className={styles.text}>
                <p dir="auto">{effect.description}</p>
                {effect.error && <p className={styles.error}>{effect.error}</p>}
                <p className={styles.quiet}>
                  <RelativeTime at={effect.settledAt ?? effect.createdAt} />
                  {effect.attempts > 1 && `, after ${effect.attempts} attempts`}
                  {effect.providerObjectId && (
                    <>
                      {' · '}
                      <code>{effect.providerObjectId}</code>
                    </>
                  )}
                </p>
              </div>
              {effect.status === 'unknown' && mayDecide && (
                <div className={styles.actions}>
                  <EffectActions effect={effect} />
                </div>
              )}
            </li>
          ))}
        </ul>
      </Card>
    </Section>
  )
}
