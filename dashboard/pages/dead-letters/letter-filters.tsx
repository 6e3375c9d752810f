import { useNavigate } from '@tanstack/react-router'
import type { LetterPage, LetterStatus } from '../../../src/server/dead-letters-contract.ts'
import type { LettersSearch } from '../../operations-queries.ts'
import { type FilterChip, FilterChips } from '../../ui/filter-chips.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { LETTER_WORDS, PROVIDER_NAMES } from '../../words.ts'

const STATUSES: LetterStatus[] = ['open', 'replayed', 'compensating', 'compensated', 'abandoned']

/** By what became of them, and whatever narrows them. */
export function LetterFilters({ search, page }: { search: LettersSearch; page: LetterPage }) {
  const navigate = useNavigate()
  const chips = chipsFor(search, page)
  return (
    <Tabs
      label="Status"
      value={search.status ?? 'open'}
      tabs={STATUSES.map((value) => ({
        value,
        label: LETTER_WORDS[value].word,
        ...(value === 'open' && { count: page.openCount }),
      }))}
      onChange={(status) => {
        const { cursor: _page, status: _before, ...rest } = search
        void navigate({ to: '/dead-letters', search: { ...rest, ...(status !== 'open' && { status }) } })
      }}
    >
      {chips.length > 0 && <FilterChips label="Filters" chips={chips} />}
    </Tabs>
  )
}

/** Providers and jobs that some open letter has, and what is chosen, to be taken off. */
function chipsFor(search: LettersSearch, { groups }: LetterPage): FilterChip[] {
  const { cursor: _page, ...rest } = search
  const chip = (name: 'job' | 'provider' | 'errorClass' | 'cause', value: string, label: string) => {
    const isOn = rest[name] === value
    const others = Object.fromEntries(Object.entries(rest).filter(([other]) => other !== name))
    const link = { to: '/dead-letters', search: isOn ? others : { ...rest, [name]: value } } as const
    return { label, isOn, link }
  }
  const distinct = (values: (string | null | undefined)[]) =>
    [...new Set(values)].filter((value) => value !== null && value !== undefined)
  const names: Record<string, string> = PROVIDER_NAMES
  const titleOf = (cause: string) => groups.find((group) => group.cause === cause)?.title ?? cause
  return [
    ...distinct([...groups.map(({ provider }) => provider), search.provider]).map((provider) =>
      chip('provider', provider, names[provider] ?? provider),
    ),
    ...distinct([...groups.map(({ job }) => job), search.job]).map((job) => chip('job', job, job)),
    ...(search.errorClass === undefined
      ? []
      : [chip('errorClass', search.errorClass, search.errorClass.replaceAll('-', ' '))]),
    ...(search.cause === undefined ? [] : [chip('cause', search.cause, titleOf(search.cause))]),
  ]
}
