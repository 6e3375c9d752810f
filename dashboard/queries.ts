import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { RunDetail } from '../src/server/contract.ts'
import { type AlertsFilter, client, type MembersFilter, type PostsFilter } from './client.ts'

const hasEnded = ({ status }: RunDetail['run']) =>
  status === 'succeeded' || status === 'failed' || status === 'cancelled'

/** One definition per query: its key, which `changes.ts` invalidates by prefix, and how it is fetched. */
export const queries = {
  session: queryOptions({ queryKey: ['session'], queryFn: client.session, staleTime: 60_000 }),
  inbox: infiniteQueryOptions({
    queryKey: ['inbox'],
    queryFn: ({ pageParam }) => client.inbox(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
  }),
  posts: (filter: PostsFilter) =>
    queryOptions({
      queryKey: ['posts', filter],
      queryFn: () => client.posts(filter),
      placeholderData: (previous) => previous,
    }),
  post: (id: string) => queryOptions({ queryKey: ['post', id], queryFn: () => client.post(id) }),
  run: (id: string) =>
    queryOptions({
      queryKey: ['run', id],
      queryFn: () => client.run(id),
      // Neither its steps nor its end are announced.
      refetchInterval: ({ state }) => (state.data && hasEnded(state.data.run) ? false : 2_000),
    }),
  members: (filter: MembersFilter) =>
    queryOptions({
      queryKey: ['members', filter],
      queryFn: () => client.members(filter),
      placeholderData: (previous) => previous,
    }),
  member: (id: string) => queryOptions({ queryKey: ['member', id], queryFn: () => client.member(id) }),
  // Use against limits and the ends of runs are not announced one by one.
  schedules: queryOptions({ queryKey: ['schedules'], queryFn: client.schedules, refetchInterval: 5_000 }),
  overview: queryOptions({ queryKey: ['overview'], queryFn: client.overview, refetchInterval: 5_000 }),
  connections: queryOptions({
    queryKey: ['connections'],
    queryFn: client.connections,
    refetchInterval: 5_000,
  }),
  // What rules see is not announced, only what fires and resolves.
  alerts: (filter: AlertsFilter) =>
    queryOptions({
      queryKey: ['alerts', filter],
      queryFn: () => client.alerts(filter),
      refetchInterval: 15_000,
      placeholderData: (previous) => previous,
    }),
  runbook: (rule: string) =>
    queryOptions({ queryKey: ['runbook', rule], queryFn: () => client.runbook(rule) }),
  runbookPage: (name: string) =>
    queryOptions({ queryKey: ['runbook-page', name], queryFn: () => client.runbookPage(name) }),
  people: queryOptions({ queryKey: ['people'], queryFn: client.people }),
}
