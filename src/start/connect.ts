import type { Config } from '../config.ts'
import { type Connectors, createConnectors } from '../connectors/index.ts'

/**
 * The connectors with their settings. A provider that is off gets empty credentials: no job calls it, and if one did,
 * the provider would refuse.
 */
export function connect(config: Config): Connectors {
  const { slack, twilio, openai, circle } = config
  return createConnectors({
    slack: { token: slack.settings?.botToken ?? '', apiUrl: slack.settings?.apiUrl ?? undefined },
    twilio: {
      accountSid: twilio.settings?.accountSid ?? 'AC',
      authToken: twilio.settings?.authToken ?? '',
      from: twilio.settings?.from ?? '',
      apiUrl: twilio.settings?.apiUrl ?? undefined,
    },
    openai: {
      apiKey: openai.settings?.apiKey ?? '',
      model: openai.settings?.model ?? '',
      baseUrl: openai.settings?.baseUrl ?? undefined,
    },
    circle: {
      token: circle.settings?.apiToken ?? '',
      spaceId: circle.settings?.spaceId ?? 0,
      authScheme: circle.settings?.authScheme,
      apiUrl: circle.settings?.apiUrl ?? undefined,
    },
  })
}
