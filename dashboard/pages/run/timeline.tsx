import type { EffectView, RunDetail } from '../../../src/server/contract.ts'
import { describeTook, useMachineNow } from '../../time.ts'
import { Badge } from '../../ui/badge.tsx'
import { Card } from '../../ui/card.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { EFFECT_WORDS, runWords } from '../../words.ts'
import { StepRow } from './step-row.tsx'
import styles from './timeline.module.css'
import { placeOn, type Span, spanOf } from './timeline-places.ts'

/** A run on its time: a row for the wait before it, for each step with its attempts, and for what it did outside. */
export function Timeline({ detail }: { detail: RunDetail }) {
  const { nowMs } = useMachineNow()
  const { run, steps } = detail
  if (steps.length === 0) {
    return (
      <EmptyState icon="list" title="No step has begun">
        {run.status === 'delayed' ? 'This run waits for its time.' : 'Steps appear here as they begin.'}
      </EmptyState>
    )
  }
  const span = spanOf(detail, nowMs)
  return (
    <Card>
      <table className={styles.timeline}>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Status</th>
            <th scope="col" className={styles.when}>
              When, of {describeTook(span.endMs - span.startMs)}
            </th>
            <th scope="col" className={styles.took}>
              Took
            </th>
          </tr>
        </thead>
        <tbody>
          <QueueRow detail={detail} span={span} />
        </tbody>
        {steps.map((step) => (
          <StepRow key={`${step.name} ${step.startedAt}`} step={step} span={span} />
        ))}
        <tbody>
          {detail.effects.map((effect) => (
            <EffectRow key={effect.id} effect={effect} span={span} />
          ))}
        </tbody>
      </table>
    </Card>
  )
}

/** From when it was asked for until it began: waiting for its turn, its time, or somebody. */
function QueueRow({ detail: { run }, span }: { detail: RunDetail; span: Span }) {
  const endMs = run.startedAt === null ? span.endMs : Date.parse(run.startedAt)
  const tookMs = endMs - Date.parse(run.createdAt)
  if (tookMs < 1) return null
  const place = placeOn(span, Date.parse(run.createdAt), endMs)
  return (
    <tr className={styles.quiet}>
      <th scope="row">Waited to begin</th>
      <td>{run.startedAt === null && <Badge status={runWords(run)} />}</td>
      <td className={styles.when}>
        <div className={styles.track} aria-hidden="true">
          {place && <span className={styles.wait} style={place} />}
        </div>
      </td>
      <td className={styles.took}>{describeTook(tookMs)}</td>
    </tr>
  )
}

function EffectRow({ effect, span }: { effect: EffectView; span: Span }) {
  const beganMs = Date.parse(effect.createdAt)
  const endMs = effect.settledAt === null ? span.endMs : Date.parse(effect.settledAt)
  // An effect of an earlier run, or by the sandbox's clock while that is ahead, has no place here.
  const place = placeOn(span, beganMs, endMs)
  return (
    <tr className={styles.effect}>
      <th scope="row" dir="auto">
        {effect.description}
      </th>
      <td>
        <Badge status={EFFECT_WORDS[effect.status]} />
      </td>
      <td className={styles.when}>
        <div className={styles.track} aria-hidden="true">
          {place && <span className={styles.bar} data-status={effect.status} style={place} />}
        </div>
      </td>
      <td className={styles.took}>{place ? describeTook(Math.max(0, endMs - beganMs)) : '–'}</td>
    </tr>
  )
}
