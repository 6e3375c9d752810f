import type { ButtonHTMLAttributes, ReactNode } from 'react'
import styles from './button.module.css'
import { Icon, type IconName } from './icon.tsx'

export type ButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'className' | 'children'> & {
  children: ReactNode
  /** `primary` once per card or dialog; `danger` for what cannot be taken back; `quiet` beside text. */
  look?: 'primary' | 'plain' | 'quiet' | 'danger'
  icon?: IconName
  /** Shows that it is working and takes no second click. */
  busy?: boolean
  /** The key that presses it while its card has the focus; see `keyboard.ts`. */
  hotkey?: string
}

export function Button(props: ButtonProps) {
  const { look = 'plain', icon, busy = false, hotkey, children, disabled, type = 'button', ...rest } = props
  return (
    <button
      {...rest}
      type={type}
      className={`${styles.button} ${styles[look]}`}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      data-hotkey={hotkey}
      aria-keyshortcuts={hotkey}
    >
      {busy ? <Spinner /> : icon && <Icon name={icon} />}
      <span>{children}</span>
    </button>
  )
}

function Spinner() {
  return (
    <span className={styles.spinner}>
      <Icon name="progress" />
    </span>
  )
}
