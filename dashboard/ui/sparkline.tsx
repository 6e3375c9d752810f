import styles from './sparkline.module.css'

export type SparklineBar = { succeeded: number; failed: number }

const WIDTH = 144
const HEIGHT = 28
/** What is there at all must be seen. */
const LEAST = 2

/**
 * A day in small bars: what succeeded, and on top of it in red what failed. The picture is for a glance; `label` says
 * the same in words for those who do not see it.
 */
export function Sparkline({ bars, label }: { bars: readonly SparklineBar[]; label: string }) {
  const most = Math.max(1, ...bars.map(({ succeeded, failed }) => succeeded + failed))
  const step = WIDTH / Math.max(1, bars.length)
  const heightOf = (count: number) => (count === 0 ? 0 : Math.max(LEAST, (count / most) * HEIGHT))
  return (
    <svg
      role="img"
      aria-label={label}
      className={styles.sparkline}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
    >
      <line className={styles.ground} x1={0} x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
      {bars.map(({ succeeded, failed }, index) => {
        const total = heightOf(succeeded + failed)
        const red = failed === 0 ? 0 : Math.max(LEAST, (failed / (succeeded + failed)) * total)
        const place = { x: index * step, width: Math.max(1, step - 1) }
        return (
          <g key={place.x}>
            <rect
              className={styles.succeeded}
              {...place}
              y={HEIGHT - total}
              height={Math.max(0, total - red)}
            />
            <rect className={styles.failed} {...place} y={HEIGHT - red} height={red} />
          </g>
        )
      })}
    </svg>
  )
}

/** The words for a line of half hours: `128 runs in 24 hours, 3 failed; busiest around 09:00 with 40`. */
export function sparklineWords(bars: readonly SparklineBar[], fromMs: number, spanMs: number): string {
  const total = bars.reduce((sum, { succeeded, failed }) => sum + succeeded + failed, 0)
  if (total === 0) return 'No runs in 24 hours'
  const failed = bars.reduce((sum, bar) => sum + bar.failed, 0)
  const sizes = bars.map((bar) => bar.succeeded + bar.failed)
  const most = Math.max(...sizes)
  const at = new Date(fromMs + sizes.indexOf(most) * spanMs)
  const time = at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
  return `${total.toLocaleString('en')} ${total === 1 ? 'run' : 'runs'} in 24 hours, ${failed === 0 ? 'none' : failed.toLocaleString('en')} failed; busiest around ${time} with ${most.toLocaleString('en')}`
}
