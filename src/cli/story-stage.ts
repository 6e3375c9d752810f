import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { DAY_MS, HOUR_MS, MINUTE_MS, monotonicMs, SECOND_MS } from '../primitives/index.ts'
import type { Person } from '../sandbox/index.ts'

/** Nobody plays the providers. */
export class NoSandboxError extends Error {}

export type Stage = {
  /** Says a line, with the community's time before it. */
  say(line: string): Promise<void>
  /** What to look at now. */
  look(line: string): void
  /** One call of the control API. @throws Error with what the sandbox said */
  call<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T>
  people(): Promise<Person[]>
  /** Makes the community if there is none. */
  gather(count: number, seed: string): Promise<void>
  /** Moves the clock to a moment, in epoch milliseconds. */
  moveTo(atMs: number): Promise<void>
  /** Waits until Kinkeeper has taken every webhook, but not for ever. */
  settle(): Promise<void>
}

const PATIENCE_MS = 20 * SECOND_MS
const PAGE = 1_000
const idleSchema = z.object({ idle: z.boolean(), pending: z.number(), held: z.number() })
const clockSchema = z.object({ nowMs: z.number() })

/**
 * Where a story is played: the control API of a running sandbox, and somebody who tells.
 * @param url the sandbox's address
 * @param print takes one line
 * @throws NoSandboxError when nothing answers there
 */
export async function createStage(url: string, print: (line: string) => void): Promise<Stage> {
  const call = async <T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${url}/control${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new NoSandboxError('The sandbox does not answer.', { cause: error })
    })
    const answer: unknown = await response.json().catch(() => null)
    if (response.ok) return answer as T
    const said = z.object({ error: z.object({ message: z.string() }) }).safeParse(answer)
    throw new Error(
      said.success ? said.data.error.message : `The sandbox answered ${response.status} to ${path}.`,
    )
  }
  const now = async () => clockSchema.parse(await call('GET', '/clock')).nowMs
  const say = async (line: string) => print(`${timestamp(await now())}  ${line}`)
  const settle = async () => {
    const deadlineMs = monotonicMs() + PATIENCE_MS
    for (;;) {
      const { idle, pending, held } = idleSchema.parse(await call('GET', '/deliveries/idle'))
      if (held > 0) return say(`${held} webhooks are held back in the sandbox; release them there.`)
      if (idle) return say('Kinkeeper has taken every webhook.')
      if (monotonicMs() > deadlineMs) {
        return say(
          `Kinkeeper has not taken ${pending} webhooks yet; the services try them again by themselves.`,
        )
      }
      await wait(SECOND_MS / 5)
    }
  }
  await call('GET', '/health')

  return {
    say,
    look: (line) => print(`${' '.repeat(21)}→ Look at ${line}`),
    call,
    settle,
    people: () => allPeople(call),
    async gather(count, seed) {
      const { total } = await call<{ total: number }>('GET', '/people?limit=1')
      if (total > 0) return
      await say(
        `The community is empty: ${count} people are made from seed ${seed}, with two years behind them.`,
      )
      await call('POST', '/people', { count, seed })
      await settle()
    },
    async moveTo(atMs) {
      const advanceMs = Math.max(0, Math.ceil(atMs - (await now())))
      await say(`The clock moves ${describe(advanceMs)} ahead.`)
      await call('POST', '/clock', { advanceMs })
    },
  }
}

async function allPeople(call: Stage['call']): Promise<Person[]> {
  const people: Person[] = []
  for (;;) {
    const page = await call<{ total: number; people: Person[] }>(
      'GET',
      `/people?limit=${PAGE}&offset=${people.length}`,
    )
    people.push(...page.people)
    if (page.people.length < PAGE) return people
  }
}

function timestamp(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')
}

function describe(spanMs: number): string {
  const days = Math.floor(spanMs / DAY_MS)
  const hours = Math.floor((spanMs % DAY_MS) / HOUR_MS)
  if (days > 0) return `${count(days, 'day')} and ${count(hours, 'hour')}`
  return `${count(hours, 'hour')} and ${count(Math.ceil((spanMs % HOUR_MS) / MINUTE_MS), 'minute')}`
}

function count(number: number, unit: string): string {
  return `${number} ${unit}${number === 1 ? '' : 's'}`
}
