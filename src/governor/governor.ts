/**
 * The governor: the gate that every request to a provider passes. It holds a request back until the provider's limits
 * allow it, over all jobs and all processes (places for concurrency, buckets for rates, the month's budget), and it
 * watches how requests end. A provider that fails three times in a row is known to be away: its breaker opens, requests
 * are refused with `ParkError` at no cost, and the runs behind them are put down until a probe finds it back.
 */
import type { Gate, ProviderLimits, ProviderName } from '../connectors/contract.ts'
import { type Database, isDatabaseUnavailable } from '../database/index.ts'
import { OutOfTouchError, wakeParked } from '../engine/index.ts'
import {
  announceSending,
  KinkeeperError,
  type Logger,
  monotonicMs,
  ParkError,
  serializeError,
} from '../primitives/index.ts'
import { type Breakers, createBreakers } from './breaker.ts'
import { createPlaces, type Places } from './places.ts'
import { type Buckets, createBuckets } from './rates.ts'
import { createUsage, type Usage } from './usage.ts'

export type Governor = {
  readonly gate: Gate
  /** Something about a provider has changed elsewhere: look. Also to be called once at the start. */
  wake(): void
  /** Gives back what this process holds, and writes what it has counted. */
  stop(): Promise<void>
}

type Options = {
  database: Database
  limits: Record<ProviderName, ProviderLimits>
  /** This process, among all that share the limits. */
  holder: string
  logger: Logger
  /** Whether this process may still send: another one may have taken it for dead, and its runs (default: it may). */
  maySend?: () => boolean
}
type Request = Parameters<Gate>[0]
type Parts = {
  options: Options
  breakers: Breakers
  places: Map<ProviderName, Places>
  buckets: Buckets
  usage: Usage
}

/** Renewing places, refreshing breakers and writing counts; only while requests are being made. */
const BEAT_EVERY_MS = 250
/** Without a request for so long, nothing is held and nothing is asked. */
const IDLE_AFTER_MS = 3_000

/** Makes the gate of this process. */
export function createGovernor(options: Options): Governor {
  const { database, limits, holder } = options
  const parts: Parts = {
    options,
    breakers: createBreakers(database),
    places: new Map(),
    buckets: createBuckets(database),
    usage: createUsage(database, limits),
  }
  for (const [name, limit] of Object.entries(limits))
    if (limit.concurrency !== undefined)
      parts.places.set(
        name as ProviderName, // the keys of a record of providers
        createPlaces({ database, provider: name, limit: limit.concurrency, holder }),
      )
  const heart = createHeart(parts)
  return {
    async gate(request, act) {
      heart.wake()
      if (!request.urgent) return pass(parts, request, act)
      await announceSending()
      return watch(parts, request, act, false)
    },
    wake: () => heart.wake(),
    stop: () => heart.stop(),
  }
}

/** How far a request has come: whether it is the one that tries a provider that is away, and whether it went out. */
type Turn = { probing: boolean; sent: boolean }

async function pass<T>(parts: Parts, request: Request, act: () => Promise<T>): Promise<T> {
  const { breakers, usage } = parts
  const { provider } = request
  await breakers.refresh()
  const giveBack = await usage.takeOfBudget(provider)
  const turn: Turn = { probing: false, sent: false }
  try {
    return await takeTurn(parts, request, act, turn)
  } catch (error) {
    if (turn.probing && !turn.sent)
      await asFarAsPossible(parts, () => breakers.notTried(provider).then(() => null))
    throw error
  } finally {
    giveBack()
  }
}

async function takeTurn<T>(parts: Parts, request: Request, act: () => Promise<T>, turn: Turn): Promise<T> {
  const { breakers, buckets, options } = parts
  const { provider } = request
  turn.probing = await breakers.admit(provider)
  const begun = monotonicMs()
  const places = parts.places.get(provider)
  await places?.acquire()
  try {
    await buckets.wait(provider, options.limits[provider].rates ?? [], request)
    // The provider may have gone away meanwhile, and this may be the probe.
    if (monotonicMs() - begun > 5 && !turn.probing) turn.probing = await breakers.admit(provider)
    // Before it is put on record as sent, and after, which takes a while too.
    refuseWhenPresumedDead(options)
    await announceSending()
    refuseWhenPresumedDead(options)
    turn.sent = true
    return await watch(parts, request, act, turn.probing)
  } finally {
    places?.release()
  }
}

/** The last look before a request goes out: a process that was frozen or cut off sends nothing that another may be sending. */
function refuseWhenPresumedDead({ maySend }: Options): void {
  if (maySend?.() === false) throw new OutOfTouchError()
}

/** Sends the request, and draws the conclusions from how it ended. */
async function watch<T>(parts: Parts, request: Request, act: () => Promise<T>, probing: boolean): Promise<T> {
  const { breakers, usage } = parts
  const { provider } = request
  let answer: T
  try {
    answer = await act()
  } catch (error) {
    usage.count(request, { kind: outcomeOf(error), error })
    const conclude = () =>
      outcomeOf(error) === 'failed'
        ? breakers.failed(provider, probing, serializeError(error).message)
        : breakers.answered(provider, probing).then(() => null)
    const known = await asFarAsPossible(parts, conclude)
    if (!known || request.urgent) throw error
    throw new ParkError(known, { provider, untilMs: null }, { cause: error })
  }
  usage.count(request, { kind: 'answered' })
  await asFarAsPossible(parts, () => breakers.answered(provider, probing).then(() => null))
  return answer
}

/** How a request ended stands, whether or not the conclusions from it could be written: a probe that nobody noted is made again. */
async function asFarAsPossible(
  { options }: Parts,
  conclude: () => Promise<string | null>,
): Promise<string | null> {
  try {
    return await conclude()
  } catch (error) {
    options.logger[isDatabaseUnavailable(error) ? 'debug' : 'error'](
      { event: 'governor.not_concluded', error: serializeError(error) },
      'Could not note how a request ended; the next one shows it again',
    )
    return null
  }
}

/** `failed`: the provider did not do its part; a refusal is an answer. */
function outcomeOf(error: unknown): 'failed' | 'limited' | 'refused' {
  if (!(error instanceof KinkeeperError)) return 'failed'
  switch (error.next) {
    case 'retry':
    case 'look-first':
      return 'failed'
    case 'retry-at':
      return 'limited'
    default:
      return 'refused'
  }
}

/** At the start: the budget that runs wait for may have been raised, which takes a restart. */
async function wakeForBudget({ usage, options }: Parts): Promise<void> {
  for (const name of Object.keys(options.limits)) {
    const provider = name as ProviderName // the keys of a record of providers
    if (!(await usage.hasBudgetLeft(provider))) continue
    await options.database.transaction((tx) => wakeParked(tx, provider, { perSecond: 10, alsoTimed: true }))
  }
}

/** What goes on beside the requests: awake while there are any, or while a provider is away. */
function createHeart(parts: Parts) {
  const { breakers, places, usage, options } = parts
  let timer: NodeJS.Timeout | null = null
  let beating: Promise<void> = Promise.resolve()
  let lastRequestMs = 0
  let started = false
  let stopped = false

  const once = async () => {
    try {
      // First what others would take away; what wakes runs may fail without it.
      for (const each of places.values()) await each.renew()
      await breakers.refresh()
      await breakers.wakeRuns()
      if (!started) await wakeForBudget(parts)
      started = true
      await usage.write()
    } catch (error) {
      const level = isDatabaseUnavailable(error) ? 'debug' : 'error'
      options.logger[level](
        { event: 'governor.not_renewed', error: serializeError(error) },
        'Could not look after the limits of the providers; trying again',
      )
    }
    const idle = monotonicMs() - lastRequestMs > IDLE_AFTER_MS
    const holding = [...places.values()].some((each) => each.holding())
    timer = null
    if (!stopped && (!idle || holding || breakers.anyOpen())) schedule()
  }
  const schedule = () => {
    timer = setTimeout(() => {
      beating = once()
    }, BEAT_EVERY_MS)
  }
  return {
    wake() {
      lastRequestMs = monotonicMs()
      if (timer !== null || stopped) return
      schedule()
    },
    async stop() {
      stopped = true
      if (timer) clearTimeout(timer)
      await beating
      for (const each of places.values()) await each.giveBack()
      await usage.write()
    },
  }
}
