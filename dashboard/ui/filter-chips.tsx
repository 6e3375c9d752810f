import { Link, type LinkProps } from '@tanstack/react-router'
import styles from './filter-chips.module.css'
import { Icon } from './icon.tsx'

export type FilterChip = {
  label: string
  count?: number
  isOn: boolean
  /** Where it leads: the same page with this filter, or without it when it is on. */
  link: Pick<LinkProps, 'to' | 'search'>
}

/** Filters that can be combined; each is a link, because what is filtered is in the URL. */
export function FilterChips({ label, chips }: { label: string; chips: FilterChip[] }) {
  return (
    <nav aria-label={label} className={styles.nav}>
      <ul className={styles.chips}>
        {chips.map(({ label: words, count, isOn, link }) => (
          <li key={words}>
            <Link
              {...link}
              className={styles.chip}
              data-on={isOn || undefined}
              aria-current={isOn || undefined}
            >
              {isOn && <Icon name="check" size={12} />}
              {words}
              {count !== undefined && <span className={styles.count}>{count.toLocaleString('en')}</span>}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
