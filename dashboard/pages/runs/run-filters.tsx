import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { RunStatus } from '../../../src/server/contract.ts'
import type { RunPage, Within } from '../../../src/server/run-list-contract.ts'
import { operationsQueries, type RunsSearch } from '../../operations-queries.ts'
import { Select } from '../../ui/field.tsx'
import { type FilterChip, FilterChips } from '../../ui/filter-chips.tsx'
import { PROVIDER_NAMES, RUN_WORDS } from '../../words.ts'
import styles from '../runs.module.css'
import { PauseJob } from './paused-jobs.tsx'

const STATUSES: RunStatus[] = ['failed', 'running', 'queued', 'delayed', 'succeeded', 'cancelled']
const WITHIN: { value: Within; label: string }[] = [
  { value: '1h', label: 'Last hour' },
  { value: '24h', label: 'Last day' },
  { value: '7d', label: 'Last week' },
]

/** By job, state, time, and whom they wait for. Pressing one that is on takes it off. */
export function RunFilters(props: { search: RunsSearch; waiting: RunPage['waiting'] }) {
  const { older: _older, newer: _newer, ...search } = props.search
  return (
    <div className={styles.filters}>
      <JobChoice search={search} />
      <PauseJob />
      <FilterChips label="Filters" chips={chipsFor(search, props.waiting)} />
    </div>
  )
}

function chipsFor(search: RunsSearch, waiting: RunPage['waiting']): FilterChip[] {
  const chip = (change: RunsSearch, isOn: boolean): Pick<FilterChip, 'isOn' | 'link'> => ({
    isOn,
    link: { to: '/runs', search: isOn ? without(search, change) : { ...search, ...change } },
  })
  const isListed = waiting.some((one) => one.for === search.waitsFor)
  const waits = [
    ...waiting,
    // What is chosen stays to be taken off, also once nobody waits any more.
    ...(search.waitsFor !== undefined && !isListed ? [{ for: search.waitsFor, count: 0 }] : []),
  ]
  return [
    ...STATUSES.map((status) => ({
      label: RUN_WORDS[status].word,
      ...chip({ status }, search.status === status),
    })),
    ...waits.map((one) => ({
      label: waitsLabel(one.for),
      count: one.count,
      ...chip({ waitsFor: one.for }, search.waitsFor === one.for),
    })),
    { label: 'Started again', ...chip({ again: '1' }, search.again === '1') },
    ...WITHIN.map(({ value, label }) => ({
      label,
      ...chip({ within: value }, search.within === value),
    })),
    ...(search.from !== undefined
      ? [{ label: `From ${day(search.from)}`, ...chip({ from: '' }, true) }]
      : []),
    ...(search.to !== undefined ? [{ label: `Until ${day(search.to)}`, ...chip({ to: '' }, true) }] : []),
  ]
}

/** Jobs are too many for chips. */
function JobChoice({ search }: { search: RunsSearch }) {
  const jobs = useQuery(operationsQueries.jobs)
  const navigate = useNavigate()
  const names = jobs.data?.jobs.map(({ name }) => name) ?? []
  const known = search.job === undefined || names.includes(search.job) ? names : [...names, search.job]
  return (
    <div className={styles.select}>
      <Select
        label="Job"
        hiddenLabel
        name="job"
        value={search.job ?? ''}
        options={[{ value: '', label: 'Every job' }, ...known.map((name) => ({ value: name, label: name }))]}
        onChange={(job) => {
          const { job: _before, ...rest } = search
          void navigate({ to: '/runs', search: { ...rest, ...(job && { job }) } })
        }}
      />
    </div>
  )
}

function waitsLabel(who: string): string {
  if (who === 'any') return 'Waiting for somebody'
  if (who.startsWith('job:')) return `Paused: ${who.slice('job:'.length)}`
  const names: Record<string, string> = PROVIDER_NAMES
  return `Waits for ${names[who] ?? who}`
}

function day(iso: string): string {
  const at = Date.parse(iso)
  if (Number.isNaN(at)) return iso
  return new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' }).format(at)
}

function without(search: RunsSearch, change: RunsSearch): RunsSearch {
  return Object.fromEntries(Object.entries(search).filter(([name]) => !(name in change)))
}
