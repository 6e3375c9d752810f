/** What has been asked of each provider, by minute and by day: for the Connections page, and for the month's budget. */
import { and, eq, gte, sql } from 'drizzle-orm'
import type { ProviderLimits, ProviderName } from '../connectors/contract.ts'
import { type Database, tables } from '../database/index.ts'
import { DAY_MS, MINUTE_MS, monotonicMs, ParkError, serializeError, systemNow } from '../primitives/index.ts'

type Outcome = { kind: 'answered' } | { kind: 'failed' | 'limited' | 'refused'; error: unknown }
type Counts = { requests: number; failures: number; refusals: number }
type Pending = Counts & { lastAnswer: string; lastAtMs: number }

export type Usage = {
  count(request: { provider: ProviderName; operation: string }, outcome: Outcome): void
  /**
   * Takes one request of the month's budget, until it is counted or turns out not to have been made.
   * @returns what gives it back; to be called when the request has ended
   * @throws ParkError until the next month, when this one's requests are used up
   */
  takeOfBudget(provider: ProviderName): Promise<() => void>
  /** Whether a provider with a monthly budget has some of it left. */
  hasBudgetLeft(provider: ProviderName): Promise<boolean>
  /** Writes what has been counted since. */
  write(): Promise<void>
}

const BUDGET_READ_EVERY_MS = 10_000
/** With so few requests left, what other processes have used is looked up for each. */
const NEARLY_USED_UP = 100

export function createUsage(database: Database, limits: Record<ProviderName, ProviderLimits>): Usage {
  let unwritten = new Map<ProviderName, Pending>()
  let beingWritten = new Map<ProviderName, Pending>()
  const underWay = new Map<ProviderName, number>()
  const budgets = new Map<ProviderName, { used: number; readMs: number }>()

  /** What this process has used, or is about to, and nobody else can see yet. */
  const unseen = (provider: ProviderName) =>
    (unwritten.get(provider)?.requests ?? 0) +
    (beingWritten.get(provider)?.requests ?? 0) +
    (underWay.get(provider) ?? 0)
  /** What is written down of this month. The rest is added in one go with what follows from it: nothing comes between. */
  const written = async (provider: ProviderName, budget: number): Promise<number> => {
    const cached = budgets.get(provider)
    const isFresh = cached && monotonicMs() - cached.readMs < BUDGET_READ_EVERY_MS
    if (isFresh && budget - cached.used - unseen(provider) > NEARLY_USED_UP) return cached.used
    const used = await readMonth(database, provider)
    budgets.set(provider, { used, readMs: monotonicMs() })
    return used
  }

  return {
    count({ provider, operation }, outcome) {
      const counts = unwritten.get(provider) ?? {
        requests: 0,
        failures: 0,
        refusals: 0,
        lastAnswer: '',
        lastAtMs: 0,
      }
      counts.requests += 1
      if (outcome.kind === 'failed') counts.failures += 1
      if (outcome.kind === 'limited') counts.refusals += 1
      const answer = outcome.kind === 'answered' ? 'answered' : serializeError(outcome.error).message
      counts.lastAnswer = `${operation}: ${answer}`
      counts.lastAtMs = systemNow()
      unwritten.set(provider, counts)
    },
    async hasBudgetLeft(provider) {
      const budget = limits[provider].perMonth
      return budget !== undefined && (await written(provider, budget)) + unseen(provider) < budget
    },
    async takeOfBudget(provider) {
      const budget = limits[provider].perMonth
      if (budget === undefined) return () => {}
      const used = await written(provider, budget)
      if (used + unseen(provider) >= budget) {
        const untilMs = monthStart(systemNow(), 1)
        throw new ParkError(
          `This month's ${budget.toLocaleString('en')} requests are used up; what waits goes on at the start of the next month (UTC), or when the budget is raised.`,
          { provider, untilMs },
        )
      }
      const add = (by: 1 | -1) => underWay.set(provider, (underWay.get(provider) ?? 0) + by)
      add(1)
      return () => add(-1)
    },
    async write() {
      const writing = unwritten
      if (writing.size === 0) return
      unwritten = new Map()
      beingWritten = writing
      for (const [provider, counts] of writing) {
        try {
          await addCounts(database, provider, counts)
        } catch (error) {
          beingWritten = new Map()
          for (const kept of writing) unwritten.set(kept[0], sum(unwritten.get(kept[0]), kept[1]))
          throw error
        }
        writing.delete(provider)
        const budget = budgets.get(provider)
        if (budget) budget.used += counts.requests
      }
    },
  }
}

/** What could not be written, with what was counted since. */
function sum(since: Pending | undefined, before: Pending): Pending {
  if (!since) return before
  return {
    ...since,
    requests: since.requests + before.requests,
    failures: since.failures + before.failures,
    refusals: since.refusals + before.refusals,
  }
}

/** Requests of the month so far (UTC). */
export async function readMonth(database: Database, provider: string): Promise<number> {
  const { providerUsage } = tables
  const [row] = await database.db
    .select({ used: sql<string>`coalesce(sum(${providerUsage.requests}), 0)` })
    .from(providerUsage)
    .where(
      and(
        eq(providerUsage.provider, provider),
        eq(providerUsage.span, 'day'),
        gte(providerUsage.at, new Date(monthStart(systemNow(), 0))),
      ),
    )
  return Number(row?.used ?? 0)
}

/** The first moment of a month (UTC), `ahead` months after the one of `nowMs`. */
export function monthStart(nowMs: number, ahead: number): number {
  const now = new Date(nowMs)
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1)
}

async function addCounts(database: Database, provider: ProviderName, counts: Pending): Promise<void> {
  const { providerUsage, providerStates } = tables
  const spans = [
    { span: 'minute' as const, ms: MINUTE_MS },
    { span: 'day' as const, ms: DAY_MS },
  ]
  const { requests, failures, refusals } = counts
  await database.db
    .insert(providerUsage)
    .values(
      spans.map(({ span, ms }) => ({
        provider,
        span,
        at: new Date(Math.floor(counts.lastAtMs / ms) * ms),
        requests,
        failures,
        refusals,
      })),
    )
    .onConflictDoUpdate({
      target: [providerUsage.provider, providerUsage.span, providerUsage.at],
      set: {
        requests: sql`${providerUsage.requests} + excluded.requests`,
        failures: sql`${providerUsage.failures} + excluded.failures`,
        refusals: sql`${providerUsage.refusals} + excluded.refusals`,
      },
    })
  const last = { lastAnswerAt: new Date(counts.lastAtMs), lastAnswer: counts.lastAnswer }
  await database.db
    .insert(providerStates)
    .values({ provider, breaker: 'closed', ...last })
    .onConflictDoUpdate({ target: providerStates.provider, set: last })
}
