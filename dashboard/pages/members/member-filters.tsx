import type { MemberPage } from '../../../src/server/membership-contract.ts'
import type { MembersFilter } from '../../client.ts'
import { type FilterChip, FilterChips } from '../../ui/filter-chips.tsx'
import { MEMBERSHIP_WORDS, SLACK_WORDS } from '../../words.ts'

const MEMBERSHIPS = ['active', 'ended', 'none', 'deleted'] as const
const SLACK = ['active', 'absent', 'deactivated'] as const

/** By membership, by trouble, by Slack. Pressing one that is on takes it off. */
export function MemberFilters(props: { search: MembersFilter; counts: MemberPage['counts'] | undefined }) {
  const { counts } = props
  const { cursor: _page, ...search } = props.search
  const chip = (change: MembersFilter, isOn: boolean): Pick<FilterChip, 'isOn' | 'link'> => ({
    isOn,
    link: { to: '/members', search: isOn ? without(search, change) : { ...search, ...change } },
  })
  const chips: FilterChip[] = [
    ...MEMBERSHIPS.map((membership) => ({
      label: MEMBERSHIP_WORDS[membership],
      ...(counts && { count: counts[membership] }),
      ...chip({ membership }, search.membership === membership),
    })),
    {
      label: 'With a problem',
      ...(counts && { count: counts.problem }),
      ...chip({ problem: '1' }, search.problem === '1'),
    },
    ...SLACK.map((slack) => ({
      label: SLACK_WORDS[slack],
      ...chip({ slack }, search.slack === slack),
    })),
  ]
  return <FilterChips label="Filters" chips={chips} />
}

function without(search: MembersFilter, change: MembersFilter): MembersFilter {
  return Object.fromEntries(Object.entries(search).filter(([name]) => !(name in change)))
}
