import styles from './skeleton.module.css'

/** The shape of what is being fetched, so that nothing jumps when it comes. */
export function Skeleton({ rows = 3, height = 72 }: { rows?: number; height?: number }) {
  return (
    <div className={styles.skeleton} role="status">
      <span className="visually-hidden">Loading…</span>
      {[...Array(rows).keys()].map((row) => (
        <div key={row} className={styles.row} style={{ height }} />
      ))}
    </div>
  )
}
