/** Everything the stand-ins share: the clock, the stored objects, faults, limits and the record of calls. */
import { type Clock, createClock } from '../primitives/index.ts'
import { type Calls, createCalls } from './calls.ts'
import { type ChangeBus, createChangeBus } from './changes.ts'
import type { CirclePost } from './circle/model.ts'
import { type ClerkWorld, openClerk } from './clerk/model.ts'
import type { SandboxOptions } from './config.ts'
import { createFaults, type Fault, type Faults } from './faults.ts'
import { createLatencies, type Latencies, type Latency } from './latency.ts'
import { createRateLimiter, GENEROUS_LIMITS, type Limits, type RateLimiter } from './limits.ts'
import { createLoadBook, type LoadBook } from './load.ts'
import { type Luma, openLuma } from './luma/model.ts'
import { type MailWorld, openMail } from './mail/model.ts'
import { type Mailchimp, openMailchimp } from './mailchimp/model.ts'
import { openPagerDuty, type PagerDuty } from './pagerduty/model.ts'
import type {
  EphemeralMessage,
  ResponseUrl,
  SlackChannel,
  SlackMessage,
  SlackUser,
  SlackUsergroup,
  SlackView,
  Trigger,
} from './slack/model.ts'
import { seedChannels, seedUsergroup, seedUsers } from './slack/seed.ts'
import { type Collection, openStore, type Store } from './store.ts'
import { openStripe, type StripeWorld } from './stripe/model.ts'
import type { DebuggerAlert, TwilioMessage } from './twilio/model.ts'
import { openWebhooks, type Webhooks } from './webhooks.ts'

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
  latencies: Latencies
  load: LoadBook
  calls: Calls
  twilio: Collections['twilio']
  slack: Collections['slack'] & {
    /** The latest message timestamp that was given out; the next one must be later. */
    lastTs(): string
    setLastTs(ts: string): void
  }
  circle: Collections['circle']
  mailchimp: Mailchimp
  luma: Luma
  stripe: StripeWorld
  clerk: ClerkWorld
  pagerduty: PagerDuty
  mail: MailWorld
  webhooks: Webhooks
  /** A whole number that grows by one each time, also across restarts. */
  nextNumber(name: string): number
  /** Empties the world: messages, posts, faults, limits, calls. The clock keeps its time, since it never goes back. */
  reset(): void
  close(): void
}

type Collections = ReturnType<typeof openCollections>

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
  const collections = openCollections(store)
  const { faults, latencies, slack, ...others } = collections
  // Limits that were kept before a provider had any are the generous ones.
  const initialLimits = { ...GENEROUS_LIMITS, ...setting().limits }
  const limiter = createRateLimiter(initialLimits, (limits) => set({ limits }))
  const load = createLoadBook(limiter.connections)
  const calls = createCalls()
  let ownUrl = ''
  seed(slack, options, clock.now())

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
    latencies: createLatencies(latencies),
    load,
    calls,
    ...others,
    slack: { ...slack, ...rememberTs(slack.messages) },
    nextNumber(name) {
      const numbers = setting().numbers ?? {}
      const next = (numbers[name] ?? 0) + 1
      set({ numbers: { ...numbers, [name]: next } })
      return next
    },
    reset() {
      empty(collections)
      limiter.change({ preset: 'generous' })
      calls.clear()
      load.clear()
      seed(slack, options, clock.now())
    },
    close: () => store.close(),
  }
}

function openCollections(store: Store) {
  return {
    faults: store.collection<Fault>('faults'),
    latencies: store.collection<Latency>('latencies'),
    twilio: {
      messages: store.collection<TwilioMessage>('twilio-messages'),
      optedOut: store.collection<{ number: string; sinceMs: number }>('twilio-opted-out'),
      alerts: store.collection<DebuggerAlert>('twilio-alerts'),
    },
    slack: {
      users: store.collection<SlackUser>('slack-users'),
      usergroups: store.collection<SlackUsergroup>('slack-usergroups'),
      channels: store.collection<SlackChannel>('slack-channels'),
      messages: store.collection<SlackMessage>('slack-messages'),
      ephemeral: store.collection<EphemeralMessage>('slack-ephemeral'),
      views: store.collection<SlackView>('slack-views'),
      triggers: store.collection<Trigger>('slack-triggers'),
      responseUrls: store.collection<ResponseUrl>('slack-response-urls'),
    },
    circle: { posts: store.collection<CirclePost>('circle-posts') },
    mailchimp: openMailchimp(store),
    luma: openLuma(store),
    stripe: openStripe(store),
    clerk: openClerk(store),
    pagerduty: openPagerDuty(store),
    mail: openMail(store),
    webhooks: openWebhooks(store),
  }
}

/** Webhooks that are under way stay so until they have their answer. */
function empty({ faults, latencies, webhooks, ...providers }: Collections): void {
  const outbox = { all: webhooks.all, holds: webhooks.holds, ready: webhooks.ready }
  for (const group of [{ faults, latencies }, outbox, ...Object.values(providers)]) {
    for (const collection of Object.values(group)) if ('clear' in collection) collection.clear()
  }
}

/** People and groups that are there keep what happened to them. */
function seed(slack: Collections['slack'], options: SandboxOptions, nowMs: number): void {
  for (const user of seedUsers()) if (!slack.users.get(user.id)) slack.users.put(user.id, user)
  const usergroup = seedUsergroup(options, nowMs)
  if (!slack.usergroups.get(usergroup.id)) slack.usergroups.put(usergroup.id, usergroup)
  for (const channel of seedChannels(options)) slack.channels.put(channel.id, channel)
}

/** Timestamps have a fixed number of digits until the year 2286, so their order is that of their text. */
function rememberTs(messages: Collection<SlackMessage>): Pick<World['slack'], 'lastTs' | 'setLastTs'> {
  const known = messages.values().map(({ ts }) => ts)
  let lastTs = known.sort().at(-1) ?? '0.000000'
  return {
    lastTs: () => lastTs,
    setLastTs: (ts) => {
      lastTs = ts
    },
  }
}
