/**
 * Concurrency over all processes: a provider has so many places, each process holds some of them in a row that it
 * renews, and hands its own from request to request without asking anybody. What it does not use, others take; when all
 * processes want more than there is, each gives way down to an equal share.
 */
import { sql } from 'drizzle-orm'
import { type Database, tables } from '../database/index.ts'
import { monotonicMs } from '../primitives/index.ts'

export type Places = {
  /** Waits for a place; first come, first served within this process. */
  acquire(): Promise<void>
  release(): void
  /** Keeps what is held, asks for more when requests wait, and gives way to others. */
  renew(): Promise<void>
  giveBack(): Promise<void>
  holding(): boolean
}

/** A holder that has not renewed for so long is dead, and its places are free again. */
const LAPSES_AFTER = sql.raw("interval '10 seconds'")
/** Places that nobody here has needed for so long are given back. */
const KEPT_FOR_MS = 1_000
/** Well before they lapse. */
const SURE_FOR_MS = 7_000

/** @param options.limit places at the provider, over all processes; @param options.holder this process */
export function createPlaces(options: {
  database: Database
  provider: string
  limit: number
  holder: string
}): Places {
  const { database, limit } = options
  const waiting: (() => void)[] = []
  let held = 0
  /** May be less than is held: others want their share, and what is released is given back. */
  let allowed = 0
  let inUse = 0
  let neededMs = monotonicMs()
  let settledMs = Number.NEGATIVE_INFINITY
  /** While the row could not be renewed, others may have taken what it says. */
  const sure = () => monotonicMs() - settledMs < SURE_FOR_MS
  let asking: Promise<void> | null = null
  let askAgain = false

  const admit = () => {
    while (sure() && inUse < allowed && waiting.length > 0) {
      inUse += 1
      waiting.shift()?.()
    }
  }
  const ask = async () => {
    const needed = Math.min(limit, inUse + waiting.length)
    if (needed > 0) neededMs = monotonicMs()
    const keep = monotonicMs() - neededMs < KEPT_FOR_MS ? Math.max(needed, held) : needed
    const askedMs = monotonicMs()
    const settled = await settle(options, () => {
      // From here until it is settled no more may begin than the row is going to say.
      allowed = Math.min(allowed, inUse)
      return { inUse, wanted: keep, wanting: waiting.length > 0 }
    })
    settledMs = askedMs
    held = settled.held
    allowed = settled.allowed
    admit()
  }
  /** One question at a time; what came up meanwhile is asked right after. */
  const request = (): Promise<void> => {
    if (asking) {
      askAgain = true
      return asking
    }
    asking = ask().finally(() => {
      asking = null
      if (askAgain && inUse >= allowed && waiting.length > 0 && allowed < limit)
        void request().catch(() => {})
      askAgain = false
    })
    return asking
  }

  return {
    async acquire() {
      if (sure() && inUse < allowed && waiting.length === 0) {
        inUse += 1
        return
      }
      const turn = new Promise<void>((resolve) => waiting.push(resolve))
      // A question that fails (the database is away) is asked again with the next renewal.
      if (allowed === 0 || inUse + waiting.length <= limit) void request().catch(() => {})
      await turn
    },
    release() {
      inUse -= 1
      admit()
      if (held > allowed && inUse <= allowed) void request().catch(() => {})
    },
    async renew() {
      if (held > 0 || waiting.length > 0) await request()
    },
    async giveBack() {
      await database.db.execute(sql`
        delete from ${tables.providerPlaces} where provider = ${options.provider} and holder = ${options.holder}`)
      held = 0
      allowed = 0
    },
    holding: () => held > 0 || waiting.length > 0,
  }
}

/**
 * Settles in one transaction how many places this process holds from now on: never less than are in use, and no more
 * than are free; when others want too, no more than the equal share.
 */
async function settle(
  {
    database,
    provider,
    limit,
    holder,
  }: { database: Database; provider: string; limit: number; holder: string },
  read: () => { inUse: number; wanted: number; wanting: boolean },
): Promise<{ held: number; allowed: number }> {
  return database.transaction(async (tx) => {
    await tx.db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`places/${provider}`}, 7))`)
    const { rows } = await tx.db.execute<{ held: string; wanting: string; own: string }>(sql`
      select coalesce(sum(held) filter (where holder <> ${holder}), 0) as held,
             count(*) filter (where holder <> ${holder} and wanting) as wanting,
             coalesce(sum(held) filter (where holder = ${holder}), 0) as own
      from ${tables.providerPlaces}
      where provider = ${provider} and (holder = ${holder} or renewed_at > now() - ${LAPSES_AFTER})`)
    const here = read()
    const others = Number(rows[0]?.held ?? 0)
    const othersWanting = Number(rows[0]?.wanting ?? 0)
    const share = othersWanting > 0 ? Math.max(1, Math.floor(limit / (othersWanting + 1))) : limit
    const allowed = Math.max(0, Math.min(here.wanted, share, limit - others))
    const held = Math.max(here.inUse, allowed)
    if (held === 0 && !here.wanting) {
      await tx.db.execute(
        sql`delete from ${tables.providerPlaces} where provider = ${provider} and holder = ${holder}`,
      )
      return { held, allowed }
    }
    await tx.db.execute(sql`
      insert into ${tables.providerPlaces} (provider, holder, held, wanting, renewed_at)
      values (${provider}, ${holder}, ${held}, ${here.wanting}, now())
      on conflict (provider, holder) do update
      set held = excluded.held, wanting = excluded.wanting, renewed_at = excluded.renewed_at`)
    return { held, allowed }
  })
}
