/** The JSON of the Audit page. Types only. Times are ISO 8601 strings in UTC. */

/** `GET /api/audit`: what is asked for; the same filters select what is exported. */
export type AuditFilter = {
  /** The id of who did it, or `system`. */
  actor?: string | undefined
  action?: string | undefined
  /** What it was done to: `member:mem_…`. */
  target?: string | undefined
  /** Beginnings of words, all of which are in the name, the action, the target or the reason. */
  q?: string | undefined
  /** The first and the last day, as `2026-11-22`, both included, UTC. */
  from?: string | undefined
  to?: string | undefined
}

export type AuditEntryView = {
  id: number
  /** Its place in the chain; null while it is not sealed, which takes about a second. */
  seq: number | null
  at: string
  actor: { kind: 'slack' | 'dashboard' | 'system' | 'sender'; id: string | null; name: string }
  action: string
  target: { kind: string; id: string }
  reason: string | null
  detail: unknown
  runId: string | null
  /** Whether words in it were erased with a person. */
  erased: boolean
}

export type AuditPage = {
  items: AuditEntryView[]
  nextCursor: string | null
  /** Every action that there is, to choose from. */
  actions: string[]
}

/** `GET /api/audit/verification`: one that is under way, and how the last one ended. */
export type AuditVerificationState = {
  running: { checked: number; total: number } | null
  last: { at: string; by: string; ok: boolean; summary: string } | null
  /** Where the chain stands: `<place>:<hash>`, to be kept elsewhere. */
  head: string | null
}
