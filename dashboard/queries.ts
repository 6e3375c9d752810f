import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { client, type PostsFilter } from './client.ts'

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
  run: (id: string) => queryOptions({ queryKey: ['run', id], queryFn: () => client.run(id) }),
  people: queryOptions({ queryKey: ['people'], queryFn: client.people }),
}
