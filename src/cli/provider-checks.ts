import type { Config } from '../config.ts'
import type { Finding } from './doctor.ts'

type Check = {
  name: string
  url: string
  headers: Record<string, string>
  fix: string
  fine?: (body: string) => boolean
}

const LIMIT_MS = 10_000

/** Asks each live provider one harmless question with the credentials given. Stand-ins and providers that are off are only named. */
export async function checkProviders(config: Config): Promise<Finding[]> {
  const named = (['twilio', 'slack', 'openai', 'circle'] as const).flatMap((name): Finding[] => {
    const { mode } = config[name]
    return mode === 'live'
      ? []
      : [
          {
            ok: true,
            what: `${name} is ${mode === 'sandbox' ? 'sandboxed' : 'off: its credentials are not set'}`,
          },
        ]
  })
  return [...named, ...(await Promise.all(liveChecks(config).map(ask)))]
}

function liveChecks({ twilio, slack, openai, circle }: Config): Check[] {
  const checks: (Check | null)[] = [
    twilio.mode === 'live' && twilio.settings
      ? {
          name: 'twilio',
          url: `${twilio.settings.apiUrl ?? 'https://api.twilio.com'}/2010-04-01/Accounts/${twilio.settings.accountSid}/Messages.json?PageSize=1`,
          headers: {
            authorization: `Basic ${btoa(`${twilio.settings.accountSid}:${twilio.settings.authToken}`)}`,
          },
          fix: 'Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.',
        }
      : null,
    slack.mode === 'live' && slack.settings
      ? {
          name: 'slack',
          url: `${(slack.settings.apiUrl ?? 'https://slack.com/api').replace(/\/+$/, '')}/auth.test`,
          headers: { authorization: `Bearer ${slack.settings.botToken}` },
          fix: 'Check SLACK_BOT_TOKEN: it begins with xoxb- and belongs to the installed app.',
          fine: (body) => body.includes('"ok":true'),
        }
      : null,
    openai.mode === 'live' && openai.settings
      ? {
          name: 'openai',
          url: `${openai.settings.baseUrl ?? 'https://api.openai.com/v1'}/models/${openai.settings.model}`,
          headers: { authorization: `Bearer ${openai.settings.apiKey}` },
          fix: 'Check OPENAI_API_KEY and OPENAI_MODEL. Meanwhile the rules read job posts.',
        }
      : null,
    circle.mode === 'live' && circle.settings
      ? {
          name: 'circle',
          url: `${circle.settings.apiUrl ?? 'https://app.circle.so'}/api/admin/v2/posts?space_id=${circle.settings.spaceId}&per_page=1`,
          headers: { authorization: `${circle.settings.authScheme} ${circle.settings.apiToken}` },
          fix: 'Check CIRCLE_API_TOKEN, CIRCLE_SPACE_ID and CIRCLE_AUTH_SCHEME (Token or Bearer).',
        }
      : null,
  ]
  return checks.filter((check) => check !== null)
}

async function ask(check: Check): Promise<Finding> {
  try {
    const response = await fetch(check.url, { headers: check.headers, signal: AbortSignal.timeout(LIMIT_MS) })
    const body = await response.text()
    const ok = response.ok && (check.fine?.(body) ?? true)
    return {
      ok,
      what: `${check.name} is live and ${ok ? 'lets us in' : `answered ${response.status}`}`,
      fix: check.fix,
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return {
      ok: false,
      what: `${check.name} is live, but did not answer (${reason})`,
      fix: 'Check the network, and the address if you set one.',
    }
  }
}
