import { describeExact, describeTook } from '../../time.ts'
import { Button } from '../../ui/button.tsx'
import styles from './controls-panel.module.css'
import { Panel } from './panel.tsx'
import { type Fault, type FaultRequest, sandbox, useSandbox, type World } from './world.ts'

const HOUR_MS = 3_600_000
const LEAPS = [
  { label: '+1 hour', ms: HOUR_MS },
  { label: '+1 day', ms: 24 * HOUR_MS },
  { label: '+7 days', ms: 7 * 24 * HOUR_MS },
]

const FAULTS: { label: string; fault: FaultRequest }[] = [
  {
    label: 'Circle publishes, but the answer is lost (once)',
    fault: { provider: 'circle', operation: '*', kind: 'drop-after', times: 1 },
  },
  {
    label: 'Circle refuses a post (once): makes a dead letter',
    fault: { provider: 'circle', operation: 'posts.create', kind: 'status', status: 422, times: 1 },
  },
  {
    label: 'Circle answers 500 (3 times)',
    fault: { provider: 'circle', operation: '*', kind: 'status', status: 500, times: 3 },
  },
  {
    label: 'Slack says “too many requests” (3 times)',
    fault: { provider: 'slack', operation: '*', kind: 'rate-limit', times: 3 },
  },
  {
    label: 'Twilio sends each text’s webhook twice (5 times)',
    fault: { provider: 'twilio', operation: 'webhook', kind: 'duplicate', times: 5 },
  },
  {
    label: 'OpenAI is down, until removed',
    fault: { provider: 'openai', operation: '*', kind: 'status', status: 503 },
  },
]

/** The sandbox's clock and its faults: what else would take a week, or bad luck. */
export function ControlsPanel({ world }: { world: World }) {
  const advance = useSandbox(sandbox.advance)
  const { nowMs, offsetMs } = world.clock
  return (
    <Panel icon="bolt" title="Controls">
      <div className={styles.part}>
        <h3>Clock</h3>
        <p className={styles.now}>{describeExact(Math.floor(nowMs / 1_000) * 1_000)}</p>
        <p className={styles.quiet}>
          {offsetMs === 0
            ? 'The real time. It can be moved forward, not back.'
            : `${describeTook(offsetMs)} ahead`}
        </p>
        <div className={styles.buttons}>
          {LEAPS.map(({ label, ms }) => (
            <Button key={label} disabled={advance.isPending} onClick={() => advance.mutate(ms)}>
              {label}
            </Button>
          ))}
        </div>
      </div>
      <Faults faults={world.faults} />
    </Panel>
  )
}

function Faults({ faults }: { faults: Fault[] }) {
  const add = useSandbox(sandbox.addFault)
  const remove = useSandbox(sandbox.removeFault)
  return (
    <div className={styles.part}>
      <h3>Faults</h3>
      {faults.length === 0 ? (
        <p className={styles.quiet}>Everything works. Break something:</p>
      ) : (
        <ul className={styles.faults}>
          {faults.map((fault) => (
            <li key={fault.id} className={styles.fault}>
              <span>
                <strong>{fault.provider}</strong> {fault.operation} {fault.kind}
                {fault.times ? ` × ${fault.times}` : ''}
              </span>
              <Button look="quiet" icon="cross" onClick={() => remove.mutate(fault.id)}>
                Remove
              </Button>
            </li>
          ))}
        </ul>
      )}
      <ul className={styles.presets}>
        {FAULTS.map(({ label, fault }) => (
          <li key={label}>
            <Button look="quiet" icon="bolt" disabled={add.isPending} onClick={() => add.mutate(fault)}>
              {label}
            </Button>
          </li>
        ))}
      </ul>
    </div>
  )
}
