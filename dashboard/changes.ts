import {
  CancelledError,
  type Query,
  type QueryClient,
  type QueryKey,
  useQueryClient,
} from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Change } from '../src/server/contract.ts'

/** A burst of changes is gathered for this long, so that 200 texts at once cause one refetch and not 200. */
const GATHER_MS = 200
/** The browser gives up on a stream that was answered with an error; we do not. */
const RETRY_MS = 3_000
/** A restart of the server shorter than this goes by unmentioned. */
const MENTION_AFTER_MS = 2_000

/**
 * Keeps what is on screen current: one EventSource on /api/changes for the whole dashboard, whose events name what
 * changed and so which queries are fetched again. While the stream is down nothing is known to be current, so once
 * it is up, the first time too, everything is fetched again: what changed between a fetch and that was not announced.
 * A hidden page does without: a browser opens six connections to a host over HTTP/1.1, and six tabs would hold them all.
 * @returns `lost` once the server has been gone for two seconds, otherwise `live`.
 */
export function useChanges(): 'live' | 'lost' {
  const queryClient = useQueryClient()
  const [connection, setConnection] = useState<'live' | 'lost'>('live')
  useEffect(() => followChanges(queryClient, setConnection), [queryClient])
  return connection
}

/** Which queries a change makes stale, as key prefixes; an empty prefix means all of them. */
export function staleQueries(change: Change): QueryKey[] {
  switch (change.topic) {
    case 'inbox':
      return [['inbox']]
    case 'submission':
      return [change.id === null ? ['post'] : ['post', change.id], ['posts'], ['inbox']]
    case 'run':
      return [change.id === null ? ['run'] : ['run', change.id], ['runs'], ['post'], ['inbox'], ['schedules']]
    case 'effect':
      return [['inbox'], ['post'], ['run'], ['member']]
    case 'member':
      return [change.id === null ? ['member'] : ['member', change.id], ['members']]
    case 'schedule':
      return [['schedules']]
    case 'alert':
      return [['alerts']]
    case 'provider':
      return [['connections'], ['run']]
    case 'dead-letter':
      return [
        ['dead-letters'],
        change.id === null ? ['dead-letter'] : ['dead-letter', change.id],
        ['inbox'],
        ['run'],
      ]
    case 'job':
      return [['jobs'], ['runs'], ['run']]
    case 'clock':
      return [[]]
  }
}

/**
 * Fetches what begins with one of the keys again. A fetch that is under way is let through first, since its answer may be
 * from before the change, and is not cancelled, since with changes in a row none would ever arrive; then comes one more.
 */
function createRefetcher(queryClient: QueryClient): (queryKeys: QueryKey[]) => void {
  const underWay = new Set<Query>()

  function letThrough(query: Query) {
    if (underWay.has(query) || !query.promise) return
    underWay.add(query)
    const again = () => {
      underWay.delete(query)
      fetchAgain([query.queryKey])
    }
    // Whoever cancelled it fetches it again: a decision does, once it is made.
    query.promise.then(again, (error) => (error instanceof CancelledError ? underWay.delete(query) : again()))
  }

  function fetchAgain(queryKeys: QueryKey[]) {
    const cache = queryClient.getQueryCache()
    // All before the first is fetched: keys overlap, and what one of them starts is no reason to fetch twice.
    for (const query of queryKeys.flatMap((queryKey) => cache.findAll({ queryKey, fetchStatus: 'fetching' })))
      letThrough(query)
    for (const queryKey of queryKeys)
      void queryClient.invalidateQueries({ queryKey }, { cancelRefetch: false })
  }
  return fetchAgain
}

/** Follows the stream until the returned function is called. @param report told once per change of the connection */
export function followChanges(
  queryClient: QueryClient,
  report: (connection: 'live' | 'lost') => void,
): () => void {
  const fetchAgain = createRefetcher(queryClient)
  const stale = new Map<string, QueryKey>()
  let source: EventSource | null = null
  let wasDown = true
  let gather: ReturnType<typeof setTimeout> | undefined
  let retry: ReturnType<typeof setTimeout> | undefined
  let mention: ReturnType<typeof setTimeout> | undefined

  function refetch() {
    gather = undefined
    fetchAgain([...stale.values()])
    stale.clear()
  }

  function note(event: MessageEvent<string>) {
    for (const key of staleQueries(JSON.parse(event.data) as Change)) stale.set(JSON.stringify(key), key)
    gather ??= setTimeout(refetch, GATHER_MS)
  }

  function up() {
    clearTimeout(mention)
    mention = undefined
    report('live')
    if (wasDown) fetchAgain([[]])
    wasDown = false
  }

  function down() {
    wasDown = true
    mention ??= setTimeout(() => report('lost'), MENTION_AFTER_MS)
    if (source?.readyState === EventSource.CLOSED) {
      clearTimeout(retry)
      retry = setTimeout(connect, RETRY_MS)
    }
  }

  function connect() {
    source?.close()
    source = new EventSource('/api/changes')
    source.addEventListener('open', up)
    source.addEventListener('error', down)
    source.addEventListener('change', note)
  }

  function disconnect() {
    source?.close()
    source = null
    wasDown = true
    clearTimeout(retry)
    clearTimeout(mention)
    mention = undefined
  }

  const appear = () => (document.hidden ? disconnect() : connect())
  document.addEventListener('visibilitychange', appear)
  appear()
  return () => {
    document.removeEventListener('visibilitychange', appear)
    disconnect()
    clearTimeout(gather)
  }
}
