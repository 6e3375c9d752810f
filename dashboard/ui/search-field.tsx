import { useRouterState } from '@tanstack/react-router'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { Icon } from './icon.tsx'
import styles from './search-field.module.css'

/** Searches on Enter; the caller puts the words into the URL. The key `/` leads here. */
export function SearchField(props: { label: string; q: string; onSearch: (q: string) => void }) {
  const [words, setWords] = useState(props.q)
  const field = useRef<HTMLInputElement>(null)
  const isAskedFor = useRouterState({ select: ({ location }) => location.hash === 'search' })

  useEffect(() => {
    if (isAskedFor) field.current?.focus()
  }, [isAskedFor])

  function submit(event: FormEvent) {
    event.preventDefault()
    props.onSearch(words.trim())
  }

  return (
    <search>
      <form onSubmit={submit} className={styles.form}>
        <Icon name="search" />
        <input
          ref={field}
          id="search"
          type="search"
          aria-label={props.label}
          placeholder="Search"
          className={styles.input}
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
        <kbd className={styles.key}>/</kbd>
      </form>
    </search>
  )
}
