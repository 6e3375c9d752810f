import { Tooltip as Base } from '@base-ui/react/tooltip'
import type { ReactNode } from 'react'
import styles from './tooltip.module.css'

/** A few more words about a piece of text, on hover and on focus; `label` says both to a screen reader. */
export function Tooltip({ text, label, children }: { text: string; label: string; children: ReactNode }) {
  return (
    <Base.Root>
      <Base.Trigger className={styles.trigger} aria-label={label} delay={300} closeOnClick={false}>
        {children}
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner sideOffset={6} className={styles.positioner}>
          <Base.Popup className={styles.popup}>{text}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
