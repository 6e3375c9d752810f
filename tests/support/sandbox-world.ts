import { randomBytes } from 'node:crypto'
import {
  SANDBOX_CREDENTIALS as credentials,
  type SANDBOX_CREDENTIALS,
  startSandbox,
  type WorldView,
} from '../../src/sandbox/index.ts'
import { freePort } from './program.ts'
import { startSandboxProcess } from './sandbox-process.ts'

export type ChannelMessage = WorldView['slack']['channels'][number]['messages'][number]

/** A sandbox of this test's own, in this process, and what people do in it. */
export type SandboxWorld = {
  url: string
  /** Where the program under test has to listen. */
  appPort: number
  credentials: typeof SANDBOX_CREDENTIALS
  read(): Promise<WorldView>
  control<T = unknown>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T>
  /** Texts from a phone, and again with the same MessageSid until the program has answered 200, as Twilio's fallback would. */
  text(from: string, body: string): Promise<{ sid: string; reply: string | null }>
  /** The newest message in the jobs channel that contains this text; null while there is none. */
  message(containing: string): Promise<ChannelMessage | null>
  click(
    message: ChannelMessage,
    actionId: string,
    userId?: string,
  ): Promise<{ status: number | null; modal?: { viewId: string } }>
  stop(): Promise<void>
}

/**
 * Starts one. Every number is a new one, so that tests on one world do not meet.
 * @param apart as a process of its own, for benchmarks
 */
export async function startSandboxWorld({ apart = false } = {}): Promise<SandboxWorld> {
  const appPort = await freePort()
  const publicUrl = `http://127.0.0.1:${appPort}`
  const sandbox = apart
    ? await startSandboxProcess(credentials, publicUrl)
    : await startSandbox({ ...credentials, port: 0, stateFile: ':memory:', publicUrl })
  const control: SandboxWorld['control'] = async (method, path, body) => {
    const response = await fetch(`${sandbox.url}/control${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const answer = await response.json()
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`)
    return answer as never // the control API's own shape
  }
  const read = () => control<WorldView>('GET', '/world')
  const world: SandboxWorld = {
    url: sandbox.url,
    appPort,
    credentials,
    read,
    control,
    async text(from, body) {
      const messageSid = `SM${randomBytes(16).toString('hex')}`
      return until(async () => {
        const answer = await control<{ sid: string; webhookStatus: number | null; reply: string | null }>(
          'POST',
          '/texts',
          { from, body, messageSid },
        )
        return answer.webhookStatus === 200 ? answer : null
      }, `an answer to the text from ${from}`)
    },
    async message(containing) {
      const channel = (await read()).slack.channels.find(({ name }) => name === 'jobs')
      return (
        channel?.messages.findLast((message) => JSON.stringify(message.blocks).includes(containing)) ?? null
      )
    },
    async click(message, actionId, userId) {
      const user = userId ?? (await read()).slack.users[0]?.id
      return control('POST', '/slack/clicks', {
        userId: user,
        channel: credentials.slackJobsChannel,
        ts: message.ts,
        actionId,
      })
    },
    stop: () => sandbox.stop(),
  }
  return world
}

/** A phone number that nobody else in this run has. */
export function newNumber(): string {
  return `+1415555${String(1_000 + counter++).padStart(4, '0')}`
}
let counter = 0

/** Asks again until there is an answer. @throws Error naming what was waited for, after `limitMs` */
export async function until<T>(
  ask: () => Promise<T | null | undefined | false>,
  what: string,
  limitMs = 45_000,
): Promise<T> {
  const limit = performance.now() + limitMs
  for (;;) {
    const answer = await ask().catch((error: unknown) => {
      if (performance.now() > limit) throw error
      return null
    })
    if (answer !== null && answer !== undefined && answer !== false) return answer
    if (performance.now() > limit) throw new Error(`Waited ${limitMs / 1000} s for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
