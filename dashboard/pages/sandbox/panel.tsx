import type { ReactNode } from 'react'
import { Icon, type IconName } from '../../ui/icon.tsx'
import styles from './panel.module.css'

/** One stand-in: its name, what is chosen in it, and its inside. */
export function Panel(props: { icon: IconName; title: string; aside?: ReactNode; children: ReactNode }) {
  const id = `panel-${props.title.toLowerCase().replaceAll(/\W+/g, '-')}`
  return (
    <section className={styles.panel} aria-labelledby={id}>
      <div className={styles.head}>
        <Icon name={props.icon} />
        <h2 id={id}>{props.title}</h2>
        <div className={styles.aside}>{props.aside}</div>
      </div>
      {props.children}
    </section>
  )
}
