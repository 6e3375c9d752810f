import type { ReactNode } from 'react'
import { Button } from './button.tsx'
import styles from './empty-state.module.css'
import { Icon, type IconName } from './icon.tsx'

/** Nothing to show: why that is, and what one can do. */
export function EmptyState(props: {
  icon: IconName
  title: string
  children: ReactNode
  action?: ReactNode
}) {
  return (
    <div className={styles.empty}>
      <Icon name={props.icon} size={28} />
      <p className={styles.title}>{props.title}</p>
      <p className={styles.text}>{props.children}</p>
      {props.action}
    </div>
  )
}

/** Something could not be fetched: the message says what to do, and it can be tried again here. */
export function Problem({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  return (
    <div className={`${styles.empty} ${styles.problem}`} role="alert">
      <Icon name="alert" size={28} />
      <p className={styles.title}>This could not be loaded</p>
      <p className={styles.text}>{error.message}</p>
      {onRetry && (
        <Button icon="retry" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  )
}
