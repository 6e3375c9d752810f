import type { ReactNode } from 'react'
import styles from './card.module.css'

/**
 * A surface with a heading. With `row` it is one of a list that `j` and `k` move through, and takes the focus;
 * `label` then names it.
 */
export function Card(props: { children: ReactNode; row?: boolean; label?: string; tone?: 'warn' | 'bad' }) {
  const className = `${styles.card} ${props.tone ? styles[props.tone] : ''}`
  if (!props.row) return <div className={className}>{props.children}</div>
  return (
    <article className={className} data-row tabIndex={-1} aria-label={props.label}>
      {props.children}
    </article>
  )
}

/** A named part of a page: its heading, what belongs beside it, and its content. */
export function Section(props: { title: string; aside?: ReactNode; children: ReactNode }) {
  const id = `section-${props.title.toLowerCase().replaceAll(/\W+/g, '-')}`
  return (
    <section className={styles.section} aria-labelledby={id}>
      <div className={styles.sectionHead}>
        <h2 id={id}>{props.title}</h2>
        {props.aside}
      </div>
      {props.children}
    </section>
  )
}
