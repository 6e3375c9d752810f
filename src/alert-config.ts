/** The alerts' part of the environment: where the rules are, and how people are told besides Slack and text. */
import { z } from 'zod'
import { type Provider, provider, providerUrl, type Reader } from './provider-config.ts'
import type { SandboxCredentials } from './provider-credentials.ts'

export type PagerDutySettings = { routingKey: string; eventsUrl: string | null }
/** `smtpUrl` null: the stand-in's, which is asked for at `finderUrl`, because its port is another after each start. */
export type EmailSettings = { smtpUrl: string | null; finderUrl: string | null; from: string }

export type AlertConfig = {
  pagerduty: Provider<PagerDutySettings>
  email: Provider<EmailSettings>
  /** Null: the rules that ship with the program. */
  alertsFile: string | null
}

/** Reads them. @param standIn the sandbox's address, without a trailing slash */
export function alertConfig(
  reader: Reader,
  sandboxEnabled: boolean,
  standIn: string,
  own: SandboxCredentials,
): AlertConfig {
  return {
    alertsFile: reader.text('ALERTS_FILE') ?? null,
    pagerduty: provider<PagerDutySettings>(reader, sandboxEnabled, {
      required: ['PAGERDUTY_ROUTING_KEY'],
      live: () => ({
        routingKey: reader.parsed(
          'PAGERDUTY_ROUTING_KEY',
          z.string().regex(/^\w{32}$/),
          '',
          'Set it to the integration key of an Events API v2 integration: 32 letters and digits.',
        ),
        eventsUrl: providerUrl(reader, 'PAGERDUTY_EVENTS_URL'),
      }),
      sandbox: () => ({ routingKey: own.pagerdutyRoutingKey, eventsUrl: `${standIn}/pagerduty` }),
    }),
    email: provider<EmailSettings>(reader, sandboxEnabled, {
      required: ['SMTP_URL', 'EMAIL_FROM'],
      live: () => ({
        smtpUrl: reader.parsed(
          'SMTP_URL',
          z.string().regex(/^smtps?:\/\/[^\s/]+/),
          '',
          'Set it to smtp://user:password@host:587 or smtps://user:password@host:465.',
        ),
        finderUrl: null,
        from: reader.parsed(
          'EMAIL_FROM',
          z.string().regex(/^[^\n]*[^\s@]+@[^\s@]+\.[^\s@]+$/),
          '',
          'Set it to an address, or to Kinkeeper <kinkeeper@example.org>.',
        ),
      }),
      sandbox: () => ({
        smtpUrl: null,
        finderUrl: `${standIn}/mail/server`,
        from: 'Kinkeeper <kinkeeper@sandbox.invalid>',
      }),
    }),
  }
}
