/** Lists of runs, and what a run is linked to, as the dashboard sees them: types only. */
import type { RunStatus, RunSummary } from './contract.ts'
import type { LetterStatus } from './dead-letters-contract.ts'

/** When runs were asked for, counted back from now. */
export type Within = '1h' | '24h' | '7d'

export type RunListItem = RunSummary & {
  /** What the run is about, masked: `mem_…`, `sub_…:1`. */
  key: string
  /** 1; 2 and more for those that were started again. */
  attempt: number
  /** When a delayed run is due; null for others, and for those that wait for somebody. */
  dueAt: string | null
}

/** The filter of GET /api/runs; what is not given narrows nothing. `from` and `to` are ISO 8601. */
export type RunListFilter = {
  job?: string
  status?: RunStatus
  within?: Within
  from?: string
  to?: string
  /** What the id, or the key in it, begins with. */
  q?: string
  /** A provider, `job:<name>` for a paused job, or `any`. */
  waitsFor?: string
  again?: '1'
  /** One of the two: the page before or after this place. */
  older?: string
  newer?: string
}

/** GET /api/runs?job=&status=&…: newest first, 50 a page, in both directions. Nothing is counted. */
export type RunPage = {
  items: RunListItem[]
  newerCursor: string | null
  olderCursor: string | null
  /** Too many begin with the text to sort them; nothing is shown. */
  tooMany: boolean
  /** For whom runs wait that were put down, most first. */
  waiting: { for: string; count: number }[]
}

/** Part of GET /api/runs/:id */
export type RunLinks = {
  letter: { id: string; status: LetterStatus; title: string } | null
  /** The run that this one was started again after, and the one that was started again after it. */
  before: string | null
  after: string | null
  dueAt: string | null
}
