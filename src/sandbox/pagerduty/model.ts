import type { Collection, Store } from '../store.ts'

/** An incident as PagerDuty would show it, known by its dedup key. */
export type Incident = {
  dedupKey: string
  status: 'triggered' | 'acknowledged' | 'resolved'
  summary: string
  severity: string
  source: string
  component: string | null
  links: { href: string; text: string }[]
  /** Every event about it, in the order in which they came. */
  events: { action: string; atMs: number }[]
}

export type PagerDuty = { incidents: Collection<Incident> }

/** Opens PagerDuty's part of the world. */
export function openPagerDuty(store: Store): PagerDuty {
  return { incidents: store.collection('pagerduty-incidents') }
}
