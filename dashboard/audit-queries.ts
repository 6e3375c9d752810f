import { queryOptions } from '@tanstack/react-query'
import type { AuditFilter, AuditPage, AuditVerificationState } from '../src/server/audit-contract.ts'
import { get, send } from './client.ts'

export type AuditSearch = AuditFilter & { cursor?: string | undefined }
const FILTERS = ['actor', 'action', 'target', 'q', 'from', 'to', 'cursor'] as const
const SETTLED_MS = 5_000
const UNDER_WAY_MS = 400

/** What the Audit page asks for. Entries come with everything that happens, so the list is asked for again and again. */
export const auditQueries = {
  page: (search: AuditSearch) =>
    queryOptions({
      queryKey: ['audit', search],
      queryFn: () => get<AuditPage>(`/api/audit?${parametersOf(search)}`),
      placeholderData: (previous) => previous,
      refetchInterval: SETTLED_MS,
    }),
  verification: queryOptions({
    queryKey: ['audit-verification'],
    queryFn: () => get<AuditVerificationState>('/api/audit/verification'),
    refetchInterval: ({ state }) => (state.data?.running ? UNDER_WAY_MS : SETTLED_MS),
  }),
}

export function startVerification(): Promise<unknown> {
  return send('POST', '/api/audit/verify', {})
}

/** Where the entries that are shown, of all pages, are downloaded. */
export function exportAddress(search: AuditSearch, format: 'csv' | 'jsonl'): string {
  return `/api/audit/export?${parametersOf({ ...search, cursor: undefined })}&format=${format}`
}

/** The page's search parameters, as an address has them. */
export function readAuditSearch(search: Record<string, unknown>): AuditSearch {
  const given = FILTERS.flatMap((name) => {
    const value = search[name]
    const isText = (typeof value === 'string' && value !== '') || typeof value === 'number'
    return isText ? [[name, String(value)]] : []
  })
  return Object.fromEntries(given)
}

function parametersOf(search: AuditSearch): string {
  return new URLSearchParams(readAuditSearch(search) as Record<string, string>).toString()
}
