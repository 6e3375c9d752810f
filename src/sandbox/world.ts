/** Everything the stand-ins share: the clock, the stored objects, faults, limits and the record of calls. */
import { type Clock, createClock } from '../primitives/index.ts'
import { type Calls, createCalls } from './calls.ts'
import { type ChangeBus, createChangeBus } from './changes.ts'
import type { CirclePost } from './circle/model.ts'
import type { SandboxOptions } from './config.ts'
import { createFaults, type Fault, type Faults } from './faults.ts'
import { createRateLimiter, GENEROUS_LIMITS, type Limits, type RateLimiter } from './limits.ts'
import type {
  EphemeralMessage,
  ResponseUrl,
  SlackChannel,
  SlackMessage,
  SlackUser,
  SlackView,
  Trigger,
} from './slack/model.ts'
import { seedChannels, seedUsers } from './slack/seed.ts'
import { type Collection, openStore } from './store.ts'
import type { DebuggerAlert, TwilioMessage } from './twilio/model.ts'

export type World = {
  options: SandboxOptions
  /** Where the sandbox itself answers, without a trailing slash: `http://127.0.0.1:3100`. */
  ownUrl(): string
  setOwnUrl(url: string): void
  clock: Clock
  /** Moves the clock forward and remembers it. */
  advanceClock(advanceMs: number): void
  changes: ChangeBus
  faults: Faults
  limiter: RateLimiter
  calls: Calls
  twilio: {
    messages: Collection<TwilioMessage>
    optedOut: Collection<{ number: string; sinceMs: number }>
    alerts: Collection<DebuggerAlert>
  }
  slack: {
    users: Collection<SlackUser>
    channels: Collection<SlackChannel>
    messages: Collection<SlackMessage>
    ephemeral: Collection<EphemeralMessage>
    views: Collection<SlackView>
    triggers: Collection<Trigger>
    responseUrls: Collection<ResponseUrl>
    /** The latest message timestamp that was given out; the next one must be later. */
    lastTs(): string
    setLastTs(ts: string): void
  }
  circle: { posts: Collection<CirclePost> }
  /** A whole number that grows by one each time, also across restarts. */
  nextNumber(name: string): number
  /** Empties the world: messages, posts, faults, limits, calls. The clock keeps its time, since it never goes back. */
  reset(): void
  close(): void
}

type Settings = { offsetMs?: number; limits?: Limits; numbers?: Record<string, number> }

/** Opens the world kept in `options.stateFile`, or a new one with the seed users and channels. */
export function openWorld(options: SandboxOptions): World {
  const changes = createChangeBus()
  const store = openStore(options.stateFile, changes.worldChanged)
  const settings = store.collection<Settings>('settings')
  const setting = (): Settings => settings.get('all') ?? {}
  const set = (change: Settings) => settings.put('all', { ...setting(), ...change })

  const clock = createClock()
  clock.advanceTo(setting().offsetMs ?? 0)
  const faults = store.collection<Fault>('faults')
  const twilio = {
    messages: store.collection<TwilioMessage>('twilio-messages'),
    optedOut: store.collection<{ number: string; sinceMs: number }>('twilio-opted-out'),
    alerts: store.collection<DebuggerAlert>('twilio-alerts'),
  }
  const slack = {
    users: store.collection<SlackUser>('slack-users'),
    channels: store.collection<SlackChannel>('slack-channels'),
    messages: store.collection<SlackMessage>('slack-messages'),
    ephemeral: store.collection<EphemeralMessage>('slack-ephemeral'),
    views: store.collection<SlackView>('slack-views'),
    triggers: store.collection<Trigger>('slack-triggers'),
    responseUrls: store.collection<ResponseUrl>('slack-response-urls'),
  }
  // Timestamps have a fixed number of digits until the year 2286, so their order is that of their text.
  let lastTs =
    slack.messages
      .values()
      .map(({ ts }) => ts)
      .sort()
      .at(-1) ?? '0.000000'
  const circle = { posts: store.collection<CirclePost>('circle-posts') }
  const limiter = createRateLimiter(setting().limits ?? GENEROUS_LIMITS, (limits) => set({ limits }))
  const calls = createCalls()
  let ownUrl = ''

  const seed = () => {
    for (const user of seedUsers()) slack.users.put(user.id, user)
    for (const channel of seedChannels(options)) slack.channels.put(channel.id, channel)
  }
  seed()

  return {
    options,
    ownUrl: () => ownUrl,
    setOwnUrl: (url) => {
      ownUrl = url
    },
    clock,
    advanceClock(advanceMs) {
      clock.advanceTo(clock.offsetMs() + advanceMs)
      set({ offsetMs: clock.offsetMs() })
      changes.clockMoved(clock.offsetMs())
    },
    changes,
    faults: createFaults(faults),
    limiter,
    calls,
    twilio,
    slack: {
      ...slack,
      lastTs: () => lastTs,
      setLastTs: (ts) => {
        lastTs = ts
      },
    },
    circle,
    nextNumber(name) {
      const numbers = setting().numbers ?? {}
      const next = (numbers[name] ?? 0) + 1
      set({ numbers: { ...numbers, [name]: next } })
      return next
    },
    reset() {
      const collections = [faults, ...Object.values(twilio), ...Object.values(slack), circle.posts]
      for (const collection of collections) collection.clear()
      limiter.change({ preset: 'generous' })
      calls.clear()
      seed()
    },
    close: () => store.close(),
  }
}
