/**
 * What is done with dead letters without asking: what a job's own policy says. Abandoning happens with the letter;
 * replaying waits until the provider is back, and happens at most three times in a row for one piece of work, so that
 * a fault which only looks like an outage still comes to a person.
 */
import { and, asc, eq, inArray, isNotNull, lt, ne, notInArray, sql } from 'drizzle-orm'
import { SYSTEM } from '../audit/index.ts'
import { isDatabaseUnavailable, type Transaction, tables } from '../database/index.ts'
import { type Cause, type DeadLetter, type DeadLetterPolicy, OUTAGES } from '../engine/index.ts'
import { KinkeeperError, SECOND_MS, serializeError, systemNow } from '../primitives/index.ts'
import { abandonLetter, replayLetter } from './actions.ts'
import type { LetterParts } from './parts.ts'

const MOST_AUTOMATIC_REPLAYS = 3
/** A letter rests first: the failure that wrote it may be the first news of an outage. */
const REST_MS = 60 * SECOND_MS
const LOOK_EVERY_MS = 15 * SECOND_MS
/** What is left comes with the next looks: the provider has only just come back. */
const AT_ONCE = 50
/** So many are tried in one look. Those that cannot be replayed without a person are many at times, and hold up no other. */
const TRIED_AT_ONCE = 4 * AT_ONCE

/** Obeys a policy that abandons, in the transaction that writes the letter. */
export async function obeyPolicy(tx: Transaction, parts: LetterParts, letter: DeadLetter): Promise<void> {
  const policy = policyFor(parts, letter)
  if (policy?.do === 'abandon')
    await abandonLetter(tx, parts, letter, { actor: SYSTEM, reason: policy.reason })
}

export type PolicyWatch = { look(): Promise<number>; stop(): Promise<void> }

/** Replays what waited for its provider, in every process alike: of two that try, one is told that it is done. */
export function watchPolicies(parts: LetterParts): PolicyWatch {
  let looking: Promise<unknown> | null = null
  /** The letter at which the last look stopped; null: it came to the end, and the next begins with the oldest. */
  let last: DeadLetter | null = null
  const look = async () => {
    const looked = await replayWhatIsBack(parts, last)
    last = looked.last
    return looked.replayed
  }
  const timer = setInterval(() => {
    looking ??= look()
      .catch((error: unknown) =>
        parts.logger[isDatabaseUnavailable(error) ? 'debug' : 'warn'](
          { event: 'dead-letters.not_looked_after', error: serializeError(error) },
          'Could not look after the dead letters; trying again',
        ),
      )
      .finally(() => {
        looking = null
      })
  }, LOOK_EVERY_MS)
  return {
    look,
    async stop() {
      clearInterval(timer)
      await looking
    },
  }
}

/** Replays, oldest first, what may be replayed of the letters after this one. @returns how many, and where it stopped */
async function replayWhatIsBack(
  parts: LetterParts,
  after: DeadLetter | null,
): Promise<{ replayed: number; last: DeadLetter | null }> {
  const { deadLetters } = tables
  const { away, forgotten } = await absentProviders(parts)
  const jobs = [...parts.jobs().values()].filter((job) => job.deadLetters).map(({ name }) => name)
  const candidates = await parts.database.db
    .select()
    .from(deadLetters)
    .where(
      and(
        eq(deadLetters.status, 'open'),
        isNotNull(deadLetters.provider),
        inArray(deadLetters.errorClass, [...OUTAGES]),
        inArray(deadLetters.job, jobs),
        away.length === 0 ? undefined : notInArray(deadLetters.provider, away),
        lt(deadLetters.automaticReplays, MOST_AUTOMATIC_REPLAYS),
        // What a person wanted to be undone, and could not be, is not done again behind their back.
        eq(deadLetters.undoRound, 0),
        lt(deadLetters.failedAt, new Date(parts.clock.now() - REST_MS)),
        after === null
          ? undefined
          : sql`(${deadLetters.failedAt}, ${deadLetters.id}) > (${after.failedAt}::timestamptz, ${after.id})`,
      ),
    )
    .orderBy(asc(deadLetters.failedAt), asc(deadLetters.id))
    .limit(TRIED_AT_ONCE)
  let replayed = 0
  const tried = new Set<string>()
  for (const letter of candidates) {
    if (policyFor(parts, letter)?.do !== 'replay-after-outage') continue
    const { provider } = letter
    if (provider === null || (forgotten.has(provider) && tried.has(provider))) continue
    const why = `${provider} ${forgotten.has(provider) ? 'is due to be tried again' : 'answers again'}`
    if (!(await tryReplay(parts, letter, why))) continue
    tried.add(provider)
    replayed += 1
    if (replayed === AT_ONCE) return { replayed, last: letter }
  }
  return { replayed, last: candidates.length === TRIED_AT_ONCE ? (candidates.at(-1) ?? null) : null }
}

/**
 * `away`: providers that are not to be troubled. `forgotten`: away too, but due to be probed, and no run waits that
 * would do it: one letter may, since nobody else might before the next thing happens there.
 */
async function absentProviders(
  parts: LetterParts,
): Promise<{ away: string[]; forgotten: ReadonlySet<string> }> {
  const { providerStates, parkedRuns } = tables
  const rows = await parts.database.db
    .select({
      provider: providerStates.provider,
      // The outer table by name: of a select from one table, Drizzle prints its columns without it.
      due: sql<boolean>`coalesce(${providerStates.probeAt} <= ${new Date(systemNow())}, false)
        and not exists (select from ${parkedRuns} as waiting
                        where waiting.provider = ${providerStates}.provider and waiting.woken_at is null)`,
    })
    .from(providerStates)
    .where(ne(providerStates.breaker, 'closed'))
  return {
    away: rows.filter(({ due }) => !due).map(({ provider }) => provider),
    forgotten: new Set(rows.filter(({ due }) => due).map(({ provider }) => provider)),
  }
}

async function tryReplay(parts: LetterParts, letter: DeadLetter, reason: string): Promise<boolean> {
  try {
    await parts.database.transaction((tx) =>
      replayLetter(tx, parts, letter, { from: 'failed-step' }, { actor: SYSTEM, automatic: true, reason }),
    )
    return true
  } catch (error) {
    // Somebody was first, it waits for a person, or its input does not fit any more: it is not ours, and holds up no other.
    if (error instanceof KinkeeperError) return false
    throw error
  }
}

function policyFor(parts: LetterParts, letter: DeadLetter): DeadLetterPolicy | null {
  const cause: Cause = {
    key: letter.cause,
    provider: letter.provider,
    errorClass: letter.errorClass as Cause['errorClass'], // written by `causeOf`
    code: letter.error.facts.code == null ? null : String(letter.error.facts.code),
  }
  return parts.jobs().get(letter.job)?.deadLetters?.(cause) ?? null
}
