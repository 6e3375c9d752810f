import { type Config, providerModes } from '../config.ts'
import { NeverRetryError } from '../primitives/index.ts'
import { type Question, questionsFor } from './connector-questions.ts'
import type { Finding } from './doctor.ts'

type Check = {
  name: string
  url: string
  headers: Record<string, string>
  fix: string
  fine?: (body: string) => boolean
  /** What else the answer tells, when we are let in. */
  also?: (headers: Headers) => Finding[]
}

const LIMIT_MS = 10_000

/** Asks each live provider one harmless question with the credentials given. Stand-ins and providers that are off are only named. */
export async function checkProviders(config: Config): Promise<Finding[]> {
  const named = Object.entries(providerModes(config)).flatMap(([name, mode]): Finding[] =>
    mode === 'live'
      ? []
      : [
          {
            ok: true,
            what: `${name} is ${mode === 'sandbox' ? 'sandboxed' : 'off: its credentials are not set'}`,
          },
        ],
  )
  const questions = questionsFor(config)
  const answers = await Promise.all([...liveChecks(config).map(ask), ...questions.map(put)])
  return [...named, ...answers.flat(), ...settingsOfMembers(config)]
}

function liveChecks({ twilio, slack, openai, circle, mailchimp }: Config): Check[] {
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
          also: slackScopes,
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
    mailchimp.mode === 'live' && mailchimp.settings
      ? {
          name: 'mailchimp’s audience',
          url: `${mailchimp.settings.apiUrl}/lists/${encodeURIComponent(mailchimp.settings.listId)}?fields=id`,
          headers: { authorization: `Basic ${btoa(`kinkeeper:${mailchimp.settings.apiKey}`)}` },
          fix: 'Check MAILCHIMP_LIST_ID: Mailchimp shows it under Audience → Settings as the audience ID.',
        }
      : null,
  ]
  return checks.filter((check) => check !== null)
}

async function ask(check: Check): Promise<Finding[]> {
  try {
    const response = await fetch(check.url, { headers: check.headers, signal: AbortSignal.timeout(LIMIT_MS) })
    const body = await response.text()
    const ok = response.ok && (check.fine?.(body) ?? true)
    const answered: Finding = {
      ok,
      what: `${check.name} is live and ${ok ? 'lets us in' : `answered ${response.status}`}`,
      fix: check.fix,
    }
    return [answered, ...(ok ? (check.also?.(response.headers) ?? []) : [])]
  } catch (error) {
    return [noAnswer(check.name, error)]
  }
}

/** Puts a question through a connector, whose refusals say what to do. */
async function put({ name, ask }: Question): Promise<Finding[]> {
  try {
    await ask()
    return [{ ok: true, what: `${name} is live and lets us in` }]
  } catch (error) {
    if (!(error instanceof NeverRetryError)) return [noAnswer(name, error)]
    return [{ ok: false, what: `${name} is live, but refuses us`, fix: error.message }]
  }
}

function noAnswer(name: string, error: unknown): Finding {
  const reason = error instanceof Error ? error.message : String(error)
  return {
    ok: false,
    what: `${name} is live, but did not answer (${reason})`,
    fix: 'Check the network, and the address if you set one.',
  }
}

/** Without `users:read.email` everybody in Slack would count as a stranger. */
const MEMBERS_SCOPES = ['users:read', 'users:read.email']

/** Slack names the token's scopes in a header. https://docs.slack.dev/authentication/installing-with-oauth (2026-11) */
function slackScopes(headers: Headers): Finding[] {
  const given = headers.get('x-oauth-scopes')?.split(',')
  const missing = MEMBERS_SCOPES.filter((scope) => given && !given.includes(scope))
  if (missing.length === 0) return []
  return [
    {
      ok: false,
      what: `slack’s app lacks ${missing.join(' and ')}`,
      fix: 'Add the scope under OAuth & Permissions and install the app again: members are found by their e-mail addresses.',
    },
  ]
}

/** What follows for the members from settings that are not there. */
function settingsOfMembers({ mailchimp, slack, stripe, clerk }: Config): Finding[] {
  const told: (Finding | null)[] = [
    mailchimp.mode === 'live' && !mailchimp.settings?.welcome
      ? {
          ok: false,
          what: 'mailchimp has no welcome journey',
          fix: 'Set MAILCHIMP_WELCOME_JOURNEY_ID and MAILCHIMP_WELCOME_STEP_ID: new members cannot be welcomed.',
        }
      : null,
    slack.mode === 'live' && !slack.settings?.membersUsergroup
      ? { ok: true, what: 'slack keeps no user group of members: SLACK_MEMBERS_USERGROUP is not set' }
      : null,
    stripe.mode === 'live' && !stripe.settings?.apiKey
      ? { ok: true, what: 'stripe is live; its events are taken at their word: STRIPE_API_KEY is not set' }
      : null,
    clerk.mode === 'live' && !clerk.settings?.secretKey
      ? { ok: true, what: 'clerk is live; its events are taken at their word: CLERK_SECRET_KEY is not set' }
      : null,
  ]
  return told.filter((finding) => finding !== null)
}
