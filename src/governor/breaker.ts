/**
 * One breaker for each provider, one row that all processes see:
 *
 *   closed ──three failures in a row──▶ open ──the time to probe, one request──▶ half-open
 *      ▲                                 ▲ └────────── it failed: twice as long ─────┘ │
 *      └─────────────────────────────────┴──────────────────────── it was answered ────┘
 *
 * While it is open nothing is sent. When the time to probe has come, one parked run is taken up, or the next request
 * that comes tries; when it is answered, the breaker closes and the parked runs go on at a pace that a provider which
 * has just come back can stand.
 */
import { and, eq, inArray, lte, ne, sql } from 'drizzle-orm'
import { announceChange, type Database, tables } from '../database/index.ts'
import { wakeParked } from '../engine/index.ts'
import { MINUTE_MS, monotonicMs, ParkError, SECOND_MS, systemNow } from '../primitives/index.ts'

/** Failures in a row, in one process, that mean "away": two may be bad luck. */
const OPENS_AFTER = 3
const FIRST_PROBE_MS = SECOND_MS
const LONGEST_BETWEEN_PROBES_MS = MINUTE_MS
/** A probe whose process died is forgotten after this. */
const PROBE_LEASE_MS = 30 * SECOND_MS
const REFRESH_EVERY_MS = 500
const WAKES_PER_SECOND = 10
const WAKES_A_PROBE_EVERY_MS = 2 * SECOND_MS
/** How long after it closed a run may still be put down by somebody who has not heard yet. */
const STRAGGLERS_FOR_MS = 10 * SECOND_MS

type Row = typeof tables.providerStates.$inferSelect

export type Breakers = {
  /** Reads the rows again when what is known is older than half a second. */
  refresh(): Promise<void>
  /** Whether this request is the probe. @throws ParkError while the provider is away */
  admit(provider: string): Promise<boolean>
  answered(provider: string, probing: boolean): Promise<void>
  /** The probe was not sent after all: the next request that comes may be it. */
  notTried(provider: string): Promise<void>
  /** @returns why the provider counts as away now, in plain words; null while it does not */
  failed(provider: string, probing: boolean, message: string): Promise<string | null>
  /**
   * Takes up one parked run of each provider whose time to probe has come, and all of a provider that is back: a run
   * may have been put down in the very moment in which the breaker closed.
   */
  wakeRuns(): Promise<void>
  anyOpen(): boolean
}

/** How long after the `failures`-th failed probe the next one comes: doubled each time, at most a minute. */
function probeDelayMs(failures: number): number {
  return Math.min(LONGEST_BETWEEN_PROBES_MS, FIRST_PROBE_MS * 2 ** Math.min(failures, 16))
}

/** The breakers as this process sees and moves them. */
export function createBreakers(database: Database): Breakers {
  const known = new Map<string, Row>()
  const failuresInARow = new Map<string, number>()
  const wokenMs = new Map<string, number>()
  /** When each was last seen open; at the start any may just have closed. */
  const openMs = new Map<string, number>()
  const startedMs = monotonicMs()
  let readMs = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | null = null

  const read = async () => {
    const rows = await database.db.select().from(tables.providerStates)
    known.clear()
    for (const row of rows) {
      known.set(row.provider, row)
      if (row.breaker !== 'closed') openMs.set(row.provider, monotonicMs())
    }
    readMs = monotonicMs()
  }
  const stateOf = (provider: string) => known.get(provider)?.breaker ?? 'closed'

  return {
    async refresh() {
      if (monotonicMs() - readMs < REFRESH_EVERY_MS) return
      reading ??= read().finally(() => {
        reading = null
      })
      await reading
    },
    async admit(provider) {
      const row = known.get(provider)
      if (!row || row.breaker === 'closed') return false
      if ((row.probeAt?.getTime() ?? 0) <= systemNow() && (await claimProbe(database, provider))) return true
      throw new ParkError(row.reason ?? 'The provider is away', { provider, untilMs: null })
    },
    async answered(provider, probing) {
      failuresInARow.delete(provider)
      if (!probing) return
      await close(database, provider)
      await read()
    },
    notTried: (provider) => giveProbeBack(database, provider),
    async failed(provider, probing, message) {
      const count = (failuresInARow.get(provider) ?? 0) + 1
      failuresInARow.set(provider, count)
      if (probing) await reopen(database, provider, message)
      else if (count >= OPENS_AFTER && stateOf(provider) === 'closed') await open(database, provider, message)
      else if (stateOf(provider) === 'closed') return null
      await read()
      return stateOf(provider) === 'closed' ? null : (known.get(provider)?.reason ?? message)
    },
    async wakeRuns() {
      for (const row of known.values()) {
        const { provider } = row
        const now = monotonicMs()
        if (row.breaker === 'closed') {
          if (now - (openMs.get(provider) ?? startedMs) > STRAGGLERS_FOR_MS) continue
          await database.transaction((tx) => wakeParked(tx, provider, { perSecond: WAKES_PER_SECOND }))
          continue
        }
        if ((row.probeAt?.getTime() ?? 0) > systemNow()) continue
        if (now - (wokenMs.get(provider) ?? Number.NEGATIVE_INFINITY) < WAKES_A_PROBE_EVERY_MS) continue
        wokenMs.set(provider, now)
        await database.transaction((tx) => wakeParked(tx, provider, { perSecond: WAKES_PER_SECOND, most: 1 }))
      }
    },
    anyOpen: () => [...known.values()].some((row) => row.breaker !== 'closed'),
  }
}

async function open(database: Database, provider: string, reason: string): Promise<void> {
  const now = new Date(systemNow())
  const state = {
    breaker: 'open' as const,
    reason,
    openedAt: now,
    probeAt: new Date(now.getTime() + FIRST_PROBE_MS),
    failedProbes: 0,
  }
  await database.transaction(async (tx) => {
    await tx.db
      .insert(tables.providerStates)
      .values({ provider, ...state })
      .onConflictDoUpdate({
        target: tables.providerStates.provider,
        set: state,
        setWhere: eq(tables.providerStates.breaker, 'closed'),
      })
    await announceChange(tx, { topic: 'provider', id: provider })
  })
}

/** One process, one request: whoever moves the row may try. */
async function claimProbe(database: Database, provider: string): Promise<boolean> {
  const { providerStates } = tables
  const now = new Date(systemNow())
  const claimed = await database.db
    .update(providerStates)
    .set({ breaker: 'half-open', probeAt: new Date(now.getTime() + PROBE_LEASE_MS) })
    .where(
      and(
        eq(providerStates.provider, provider),
        inArray(providerStates.breaker, ['open', 'half-open']),
        lte(providerStates.probeAt, now),
      ),
    )
    .returning()
  return claimed.length > 0
}

async function giveProbeBack(database: Database, provider: string): Promise<void> {
  const { providerStates } = tables
  await database.db
    .update(providerStates)
    .set({ probeAt: new Date(systemNow()) })
    .where(and(eq(providerStates.provider, provider), eq(providerStates.breaker, 'half-open')))
}

async function reopen(database: Database, provider: string, reason: string): Promise<void> {
  const { providerStates } = tables
  const [row] = await database.db
    .update(providerStates)
    .set({ breaker: 'open', reason, failedProbes: sql`${providerStates.failedProbes} + 1` })
    .where(and(eq(providerStates.provider, provider), ne(providerStates.breaker, 'closed')))
    .returning()
  if (!row) return
  await database.db
    .update(providerStates)
    .set({ probeAt: new Date(systemNow() + probeDelayMs(row.failedProbes)) })
    .where(and(eq(providerStates.provider, provider), eq(providerStates.failedProbes, row.failedProbes)))
}

async function close(database: Database, provider: string): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.db
      .update(tables.providerStates)
      .set({ breaker: 'closed', reason: null, openedAt: null, probeAt: null, failedProbes: 0 })
      .where(eq(tables.providerStates.provider, provider))
    await wakeParked(tx, provider, { perSecond: WAKES_PER_SECOND })
    await announceChange(tx, { topic: 'provider', id: provider })
  })
}
