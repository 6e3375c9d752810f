import styles from './meter.module.css'

/** How much of a limit is used: a bar with its words. Amber from four fifths on, red when it is used up. */
export function Meter(props: { label: string; value: number; limit: number; text: string }) {
  const { label, value, limit, text } = props
  const share = limit > 0 ? Math.min(1, value / limit) : 0
  const level = share >= 1 ? 'full' : share >= 0.8 ? 'high' : 'low'
  return (
    <div className={styles.meter}>
      <p className={styles.words}>
        <span>{label}</span>
        <span className={styles.text}>{text}</span>
      </p>
      <meter className="visually-hidden" aria-label={label} max={limit} value={Math.min(value, limit)}>
        {text}
      </meter>
      <div className={styles.track} aria-hidden="true">
        <div className={styles.bar} data-level={level} style={{ width: `${share * 100}%` }} />
      </div>
    </div>
  )
}
