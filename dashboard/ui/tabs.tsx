import { Tabs as Base } from '@base-ui/react/tabs'
import type { ReactNode } from 'react'
import styles from './tabs.module.css'

/** Views of the same thing, one at a time. Which one is the caller's to keep (in the URL). */
export function Tabs<Value extends string>(props: {
  label: string
  value: Value
  onChange: (value: Value) => void
  tabs: { value: Value; label: string; count?: number }[]
  children: ReactNode
}) {
  return (
    <Base.Root
      value={props.value}
      onValueChange={(value: Value) => props.onChange(value)}
      className={styles.root}
    >
      <Base.List className={styles.list} aria-label={props.label}>
        {props.tabs.map((tab) => (
          <Base.Tab key={tab.value} value={tab.value} className={styles.tab}>
            {tab.label}
            {tab.count !== undefined && <span className={styles.count}>{tab.count}</span>}
          </Base.Tab>
        ))}
        <Base.Indicator className={styles.indicator} />
      </Base.List>
      <Base.Panel value={props.value} className={styles.panel} tabIndex={-1}>
        {props.children}
      </Base.Panel>
    </Base.Root>
  )
}
