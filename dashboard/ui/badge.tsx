import type { StatusWords } from '../words.ts'
import styles from './badge.module.css'
import { Icon } from './icon.tsx'

/** A status: its colour, its icon and its word, always all three. */
export function Badge({ status, prefix }: { status: StatusWords; prefix?: string }) {
  return (
    <span className={`${styles.badge} ${styles[status.tone]}`}>
      <Icon name={status.icon} size={12} />
      <span>
        {prefix && <span className={styles.prefix}>{prefix} </span>}
        {status.word}
      </span>
    </span>
  )
}
