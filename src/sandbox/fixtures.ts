/** For the sandbox's own tests: a started sandbox, and an application that receives what it sends. */

import { createServer, type IncomingHttpHeaders } from 'node:http'
import { type Logger, LogLevel, WebClient } from '@slack/web-api'
import { onTestFinished } from 'vitest'
import { type RunningSandbox, SANDBOX_CREDENTIALS, type SandboxOptions, startSandbox } from './index.ts'

export { SANDBOX_CREDENTIALS } from './index.ts'

export type Received = {
  path: string
  headers: IncomingHttpHeaders
  raw: string
  form: Record<string, string>
}
type Answer = { status?: number; type?: string; body?: string }

/** The application: keeps what it receives, and answers as it is told. */
export type Application = {
  url: string
  received: Received[]
  /** Replaces the answer; throwing cuts the connection. */
  answer: (request: Received) => Answer | Promise<Answer>
}

/** Starts an application that answers every webhook with an empty 200, until the test ends. */
export async function startApplication(): Promise<Application> {
  const application: Application = { url: '', received: [], answer: () => ({}) }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const raw = Buffer.concat(chunks).toString('utf8')
    const form = Object.fromEntries(new URLSearchParams(raw))
    const received = { path: request.url ?? '', headers: request.headers, raw, form }
    application.received.push(received)
    try {
      const { status = 200, type = 'text/xml', body = '' } = await application.answer(received)
      response.writeHead(status, { 'content-type': type }).end(body)
    } catch {
      response.destroy()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  application.url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  return application
}

/** Options of a sandbox on any free port, in memory. */
function testOptions(changes: Partial<SandboxOptions> = {}): SandboxOptions {
  return {
    port: 0,
    stateFile: ':memory:',
    publicUrl: 'http://127.0.0.1:9',
    ...SANDBOX_CREDENTIALS,
    ...changes,
  }
}

export type TestSandbox = RunningSandbox & {
  /** Calls the control API. An answer's shape is the test's to know. */
  control<T = unknown>(method: string, path: string, body?: unknown): Promise<T>
}

/** Starts a sandbox that stops with the test. */
export async function startTestSandbox(changes: Partial<SandboxOptions> = {}): Promise<TestSandbox> {
  const sandbox = await startSandbox(testOptions(changes))
  let stopped = false
  const stop = async () => {
    if (stopped) return
    stopped = true
    await sandbox.stop()
  }
  onTestFinished(stop)
  return {
    ...sandbox,
    stop,
    control: (method, path, body) => controlCall(sandbox.url, method, path, body),
  }
}

/** One call to the control API of the sandbox at `url`. */
export async function controlCall<T>(url: string, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${url}/control${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return (await response.json()) as T
}

/** Slack's SDK, pointed at the sandbox: no retries, and silent about the refusals that are being tested. */
export function slackClient(url: string, token: string = SANDBOX_CREDENTIALS.slackBotToken): WebClient {
  const logger: Logger = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: () => {},
    setLevel: () => {},
    getLevel: () => LogLevel.ERROR,
    setName: () => {},
  }
  return new WebClient(token, {
    slackApiUrl: `${url}/slack/api/`,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger,
  })
}
