import { getRouteApi } from '@tanstack/react-router'
import type { AuditSearch } from '../../audit-queries.ts'
import { Input, Select } from '../../ui/field.tsx'
import { FilterChips } from '../../ui/filter-chips.tsx'
import styles from '../audit.module.css'

const route = getRouteApi('/audit')

/** By what was done and by day; who and to what are chosen in the entries, and shown here to be taken off. */
export function AuditFilters({ search, actions }: { search: AuditSearch; actions: string[] }) {
  const navigate = route.useNavigate()
  const set = (name: 'action' | 'from' | 'to', value: string) =>
    void navigate({
      search: ({ [name]: _before, cursor: _page, ...others }) => ({
        ...others,
        ...(value && { [name]: value }),
      }),
      replace: true,
    })
  const chosen = search.action !== undefined && !actions.includes(search.action) ? [search.action] : []
  const options = [
    { value: '', label: 'Everything' },
    ...[...chosen, ...actions].map((action) => ({ value: action, label: action })),
  ]
  return (
    <div className={styles.filters}>
      <div className={styles.fields}>
        <Select
          label="What was done"
          name="action"
          value={search.action ?? ''}
          onChange={(value) => set('action', value)}
          options={options}
        />
        <Input
          label="From (UTC)"
          name="from"
          type="date"
          value={search.from ?? ''}
          onChange={(value) => set('from', value)}
        />
        <Input
          label="To (UTC)"
          name="to"
          type="date"
          value={search.to ?? ''}
          onChange={(value) => set('to', value)}
        />
      </div>
      <Chosen search={search} />
    </div>
  )
}

function Chosen({ search }: { search: AuditSearch }) {
  const { cursor: _page, ...filter } = search
  const { actor, ...withoutActor } = filter
  const { target, ...withoutTarget } = filter
  const chip = (label: string, without: AuditSearch) => ({
    label,
    isOn: true,
    link: { to: '/audit' as const, search: without },
  })
  const chips = [
    ...(actor === undefined
      ? []
      : [chip(actor === 'system' ? 'By Kinkeeper itself' : `By ${actor}`, withoutActor)]),
    ...(target === undefined ? [] : [chip(`To ${target.replace(':', ' ')}`, withoutTarget)]),
  ]
  return chips.length === 0 ? null : <FilterChips label="Chosen" chips={chips} />
}
