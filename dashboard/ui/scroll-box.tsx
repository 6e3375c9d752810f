import { ScrollArea } from '@base-ui/react/scroll-area'
import type { ReactNode } from 'react'
import styles from './scroll-box.module.css'

/** A part of a page that scrolls by itself; reachable by keyboard while there is something to scroll. */
export function ScrollBox({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ScrollArea.Root className={styles.root}>
      <ScrollArea.Viewport className={styles.viewport} role="region" aria-label={label}>
        {children}
      </ScrollArea.Viewport>
    </ScrollArea.Root>
  )
}
