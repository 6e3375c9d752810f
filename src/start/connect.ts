import type { Config } from '../config.ts'
import { type Connectors, createConnectors, type Gate } from '../connectors/index.ts'
import { findSandboxMailServer } from './sandbox-mail.ts'

/**
 * The connectors with their settings. A provider that is off gets empty credentials: no job calls it, and if one did,
 * the provider would refuse.
 * @param gate what every single request passes
 */
export function connect(config: Config, gate: Gate): Connectors {
  const { slack, twilio, openai, circle, mailchimp, luma, stripe, clerk, pagerduty, email } = config
  const finderUrl = email.settings?.finderUrl ?? null
  return createConnectors({
    gate,
    slack: { token: slack.settings?.botToken ?? '', apiUrl: slack.settings?.apiUrl ?? undefined },
    twilio: {
      accountSid: twilio.settings?.accountSid ?? 'AC',
      authToken: twilio.settings?.authToken ?? '',
      from: twilio.settings?.from ?? '',
      apiUrl: twilio.settings?.apiUrl ?? undefined,
    },
    openai: {
      // The SDK refuses to be made without one.
      apiKey: openai.settings?.apiKey ?? 'off',
      model: openai.settings?.model ?? '',
      baseUrl: openai.settings?.baseUrl ?? undefined,
    },
    circle: {
      token: circle.settings?.apiToken ?? '',
      spaceId: circle.settings?.spaceId ?? 0,
      authScheme: circle.settings?.authScheme,
      apiUrl: circle.settings?.apiUrl ?? undefined,
    },
    mailchimp: {
      apiKey: mailchimp.settings?.apiKey ?? '',
      listId: mailchimp.settings?.listId ?? '',
      welcome: mailchimp.settings?.welcome ?? null,
      apiUrl: mailchimp.settings?.apiUrl ?? 'https://us1.api.mailchimp.com/3.0',
    },
    luma: { apiKey: luma.settings?.apiKey ?? '', apiUrl: luma.settings?.apiUrl ?? undefined },
    stripe: { apiKey: stripe.settings?.apiKey ?? null, apiUrl: stripe.settings?.apiUrl ?? undefined },
    clerk: { secretKey: clerk.settings?.secretKey ?? null, apiUrl: clerk.settings?.apiUrl ?? undefined },
    pagerduty: {
      routingKey: pagerduty.settings?.routingKey ?? '',
      eventsUrl: pagerduty.settings?.eventsUrl ?? undefined,
    },
    email: {
      smtpUrl: finderUrl === null ? (email.settings?.smtpUrl ?? '') : () => findSandboxMailServer(finderUrl),
      from: email.settings?.from ?? '',
    },
  })
}
