import { createStackParser, createTransport, Scope } from '@sentry/core'
import { nodeStackLineParser, ServerRuntimeClient } from '@sentry/core/server'
import { type ErrorFacts, KinkeeperError, maskJson, SECOND_MS, serializeError } from '../primitives/index.ts'

/** Tells Sentry of errors. Never throws and never waits. */
export type ErrorReporter = {
  /** @param about a few words on where it happened, and tags; masked like everything else */
  report(error: unknown, about: { where: string; tags?: ErrorFacts }): void
  stop(): Promise<void>
}

export type SentrySettings = {
  dsn: string
  environment: string
  release: string
  /** Values that must never leave, wherever they turn up: this installation's own credentials. */
  secrets: readonly string[]
}

/** Credentials by their form: bearers, tokens and keys of the providers, passwords in addresses. */
const CREDENTIAL =
  /\b(?:Bearer|Basic|Token)\s+[\w.~+/=-]{8,}|\b(?:xox[a-z]|xapp|sk|rk|pk|whsec|re)[-_][\w-]{8,}|(?<=:\/\/)[^\s/@:]*:[^\s/@]+(?=@)/g

const SEND_LIMIT_MS = 5 * SECOND_MS
const FLUSH_LIMIT_MS = 2 * SECOND_MS

/**
 * Sentry's own client without any of its integrations: it reads no request, no environment and no local variables, and
 * instruments nothing. What is sent is the error's class, message, facts and stack, all of it masked.
 */
export function createSentryReporter(settings: SentrySettings): ErrorReporter {
  const client = new ServerRuntimeClient({
    dsn: settings.dsn,
    environment: settings.environment,
    release: settings.release,
    platform: 'node',
    runtime: { name: 'node', version: process.version },
    integrations: [],
    stackParser: createStackParser(nodeStackLineParser()),
    sendClientReports: false,
    transport: (options) =>
      createTransport(options, async ({ body }) => {
        const response = await fetch(options.url, {
          method: 'POST',
          body: body as BodyInit, // the envelope's bytes or text
          headers: { 'content-type': 'application/x-sentry-envelope' },
          signal: AbortSignal.timeout(SEND_LIMIT_MS),
        })
        await response.body?.cancel()
        const header = (name: string) => response.headers.get(name)
        return {
          statusCode: response.status,
          headers: {
            'x-sentry-rate-limits': header('x-sentry-rate-limits'),
            'retry-after': header('retry-after'),
          },
        }
      }),
    beforeSend: (event) => masked(event, settings.secrets),
  })
  client.init()
  return {
    report(error, { where, tags = {} }) {
      const { name, message, facts } = serializeError(error)
      const scope = new Scope()
      scope.setTags({ where, ...tags, ...facts })
      // One trouble is one issue there, however the numbers in its message differ.
      scope.setFingerprint([where, name, String(facts.provider ?? ''), String(facts.operation ?? '')])
      client.captureException(asReported(error, name, message), undefined, scope)
    },
    async stop() {
      await client.close(FLUSH_LIMIT_MS)
    },
  }
}

/** The error with the name and message that are safe to show, and the stack of where it was thrown. */
function asReported(error: unknown, name: string, message: string): Error {
  const reported = new Error(message)
  reported.name = name
  const origin = error instanceof KinkeeperError && error.cause instanceof Error ? error.cause : error
  const frames =
    origin instanceof Error ? (origin.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? []) : []
  reported.stack = [`${name}: ${message}`, ...frames].join('\n')
  return reported
}

function masked<T extends { sdkProcessingMetadata?: unknown }>(event: T, secrets: readonly string[]): T {
  const { sdkProcessingMetadata: _, ...shown } = event
  let text = JSON.stringify(shown).replaceAll(CREDENTIAL, '•••')
  for (const secret of secrets) text = text.replaceAll(JSON.stringify(secret).slice(1, -1), '•••')
  return maskJson(JSON.parse(text)) as T // the same shape, with other texts
}
