import { boolean, integer, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core'

const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })

/** How each provider is, as all processes see it. Times are the machine's: a provider knows no other. */
export const providerStates = pgTable('provider_states', {
  provider: text().primaryKey(),
  breaker: text({ enum: ['closed', 'open', 'half-open'] }).notNull(),
  /** Why it opened, in plain words. */
  reason: text(),
  openedAt: at('opened_at'),
  /** When the next request may try whether it is back. */
  probeAt: at('probe_at'),
  /** Probes that failed since it opened. */
  failedProbes: integer('failed_probes').notNull().default(0),
  lastAnswerAt: at('last_answer_at'),
  lastAnswer: text('last_answer'),
})

/** Places at a provider that a process holds; they lapse when it does not renew them. */
export const providerPlaces = pgTable(
  'provider_places',
  {
    provider: text().notNull(),
    holder: text().notNull(),
    held: integer().notNull(),
    /** More requests wait here than places are held. */
    wanting: boolean().notNull(),
    renewedAt: at('renewed_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.provider, table.holder] })],
)

/** Requests made, by minute and by day (UTC). */
export const providerUsage = pgTable(
  'provider_usage',
  {
    provider: text().notNull(),
    span: text({ enum: ['minute', 'day'] }).notNull(),
    at: at('at').notNull(),
    requests: integer().notNull(),
    failures: integer().notNull(),
    refusals: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.provider, table.span, table.at] })],
)
