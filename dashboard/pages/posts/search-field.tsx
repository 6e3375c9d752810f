import { useNavigate, useRouterState } from '@tanstack/react-router'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { Icon } from '../../ui/icon.tsx'
import styles from './search-field.module.css'

/** Searches the job posts on Enter; the words go into the URL. */
export function SearchField({ q }: { q: string }) {
  const [words, setWords] = useState(q)
  const field = useRef<HTMLInputElement>(null)
  const navigate = useNavigate({ from: '/posts' })
  const isAskedFor = useRouterState({ select: ({ location }) => location.hash === 'search' })

  useEffect(() => {
    if (isAskedFor) field.current?.focus()
  }, [isAskedFor])

  function submit(event: FormEvent) {
    event.preventDefault()
    const wanted = words.trim()
    void navigate({
      search: ({ status }) => ({ ...(status && { status }), ...(wanted && { q: wanted }) }),
      hash: 'search',
      replace: true,
    })
  }

  return (
    <search>
      <form onSubmit={submit} className={styles.form}>
        <Icon name="search" />
        <input
          ref={field}
          id="search"
          type="search"
          aria-label="Search the job posts"
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
