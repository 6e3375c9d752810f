import { queryOptions } from '@tanstack/react-query'
import type {
  JobList,
  LetterActionRequest,
  LetterActionView,
  LetterDetail,
  LetterPage,
  LetterStatus,
  ReplayRequest,
} from '../src/server/dead-letters-contract.ts'
import type { RunListFilter, RunPage } from '../src/server/run-list-contract.ts'
import { get, send } from './client.ts'

/** What the pages Runs and Dead letters show, as their addresses have it. */
export type RunsSearch = RunListFilter
export type LettersSearch = {
  status?: LetterStatus
  job?: string
  provider?: string
  errorClass?: string
  cause?: string
  cursor?: string
}

/** The ends of runs are not announced one by one. */
const RUNS_EVERY_MS = 5_000
/** How often the progress of an action is asked for, beside what is announced. */
const PROGRESS_EVERY_MS = 1_000

export const operationsQueries = {
  runs: (search: RunsSearch) =>
    queryOptions({
      queryKey: ['runs', search],
      queryFn: () => get<RunPage>(`/api/runs?${new URLSearchParams(search)}`),
      placeholderData: (previous) => previous,
      refetchInterval: search.older || search.newer ? false : RUNS_EVERY_MS,
    }),
  jobs: queryOptions({ queryKey: ['jobs'], queryFn: () => get<JobList>('/api/jobs') }),
  letters: (search: LettersSearch) =>
    queryOptions({
      queryKey: ['dead-letters', search],
      queryFn: () => get<LetterPage>(`/api/dead-letters?${new URLSearchParams(search)}`),
      placeholderData: (previous) => previous,
      refetchInterval: ({ state }) =>
        state.data?.actions.some(({ status }) => status === 'running') ? PROGRESS_EVERY_MS : false,
    }),
  letter: (id: string) =>
    queryOptions({
      queryKey: ['dead-letter', id],
      queryFn: () => get<LetterDetail>(letterPath(id)),
      // How the run that replays it stands is not announced at its end.
      refetchInterval: ({ state }) => (isUnderWay(state.data) ? PROGRESS_EVERY_MS : false),
    }),
  /** In clear, and on record each time: kept no longer than it is looked at. */
  letterInput: (id: string) =>
    queryOptions({
      queryKey: ['dead-letter-input', id],
      queryFn: () => get<{ input: string }>(`${letterPath(id)}/input`),
      staleTime: Infinity,
      gcTime: 0,
    }),
}

/** What operators do. Each rejects with an ApiFailure whose message says what to do next. */
export const operate = {
  pauseJob: (name: string, reason: string) =>
    send('POST', `/api/jobs/${encodeURIComponent(name)}/pause`, reason === '' ? {} : { reason }),
  resumeJob: (name: string) =>
    send<{ waiting: number }>('POST', `/api/jobs/${encodeURIComponent(name)}/resume`, {}),
  cancelRun: (id: string, reason: string) =>
    send('POST', `/api/runs/${encodeURIComponent(id)}/cancel`, reason === '' ? {} : { reason }),
  replay: (id: string, request: ReplayRequest) =>
    send<{ runId: string }>('POST', `${letterPath(id)}/replay`, request),
  compensate: (id: string) => send<{ runId: string }>('POST', `${letterPath(id)}/compensate`, {}),
  abandon: (id: string, reason: string) =>
    send<Record<string, never>>('POST', `${letterPath(id)}/abandon`, { reason }),
  actOnMany: (request: LetterActionRequest) =>
    send<LetterActionView>('POST', '/api/dead-letters/actions', request),
  answer: (actionId: string, agreed: boolean) =>
    send<LetterActionView>('POST', `/api/dead-letters/actions/${encodeURIComponent(actionId)}/answer`, {
      agreed,
    }),
}

const RUN_PARAMETERS = ['job', 'q', 'from', 'to', 'waitsFor', 'older', 'newer'] as const
const RUN_STATUSES = ['queued', 'delayed', 'running', 'succeeded', 'failed', 'cancelled'] as const
const WITHIN = ['1h', '24h', '7d'] as const
const LETTER_PARAMETERS = ['job', 'provider', 'errorClass', 'cause', 'cursor'] as const
const LETTER_STATUSES = ['open', 'replayed', 'compensating', 'compensated', 'abandoned'] as const

/** The search parameters of the page Runs; what is none of them is left out. */
export function readRunsSearch(search: Record<string, unknown>): RunsSearch {
  const status = RUN_STATUSES.find((known) => known === search.status)
  const within = WITHIN.find((known) => known === search.within)
  return {
    ...texts(search, RUN_PARAMETERS),
    ...(status && { status }),
    ...(within && { within }),
    ...(String(search.again) === '1' && { again: '1' as const }),
  }
}

export function readLettersSearch(search: Record<string, unknown>): LettersSearch {
  const status = LETTER_STATUSES.find((known) => known === search.status)
  return { ...texts(search, LETTER_PARAMETERS), ...(status && { status }) }
}

/** Non-empty texts; the router reads `?q=123` as a number. */
function texts<Name extends string>(
  search: Record<string, unknown>,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {}
  for (const name of names) {
    const value = search[name]
    if ((typeof value === 'string' && value !== '') || typeof value === 'number') found[name] = String(value)
  }
  return found
}

function letterPath(id: string): string {
  return `/api/dead-letters/${encodeURIComponent(id)}`
}

function isUnderWay(detail: LetterDetail | undefined): boolean {
  const status = detail?.letter.followUp?.status
  return status === 'queued' || status === 'running' || status === 'delayed'
}
