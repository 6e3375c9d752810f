/** The environment of the providers that know the members: Mailchimp, Luma, Stripe and Clerk. */
import { z } from 'zod'
import { DAY_MS } from './primitives/index.ts'
import { duration, type Provider, provider, providerUrl, type Reader } from './provider-config.ts'
import type { SandboxCredentials } from './provider-credentials.ts'

export type MailchimpSettings = {
  apiKey: string
  listId: string
  /** The journey's step of the kind "API trigger" that welcomes a new member; null: nobody is welcomed. */
  welcome: { journeyId: number; stepId: number } | null
  apiUrl: string | null
}
export type LumaSettings = { apiKey: string; apiUrl: string | null }
/** `apiKey` null: objects cannot be read again, so the newest event wins by its time. */
export type StripeSettings = { webhookSecret: string; apiKey: string | null; apiUrl: string | null }
export type ClerkSettings = { webhookSecret: string; secretKey: string | null; apiUrl: string | null }

export type MembershipProviders = {
  mailchimp: Provider<MailchimpSettings>
  luma: Provider<LumaSettings>
  stripe: Provider<StripeSettings>
  clerk: Provider<ClerkSettings>
}

export type MembershipConfig = {
  graceMs: number
  lumaNonMembers: 'pending' | 'decline'
  guard: { members: number; percent: number }
  /** How long entries of the audit are kept; null: for ever. */
  auditMs: number | null
}

/** The settings of the membership; each has a default. */
export function membershipConfig(reader: Reader): MembershipConfig {
  const count = z.coerce.number().int().positive()
  return {
    graceMs: reader.parsed('PAST_DUE_GRACE', duration, 14 * DAY_MS, 'Write it as 90s, 15m, 24h or 14d.'),
    lumaNonMembers: reader.parsed(
      'LUMA_NON_MEMBERS',
      z.enum(['pending', 'decline']),
      'pending',
      'Set it to pending (they wait) or decline.',
    ),
    guard: {
      members: reader.parsed(
        'GUARD_MAX_MEMBERS',
        count,
        25,
        'Set it to a number of members, for example 25.',
      ),
      percent: reader.parsed(
        'GUARD_MAX_PERCENT',
        count.max(100),
        10,
        'Set it to a share in per cent, for example 10.',
      ),
    },
    auditMs: reader.parsed(
      'AUDIT_RETENTION',
      z.union([z.literal('forever').transform(() => null), duration]),
      null,
      'Write it as 730d, or forever.',
    ),
  }
}

/** Reads the providers. @param standIn the sandbox's address, without a trailing slash */
export function membershipProviders(
  reader: Reader,
  sandboxEnabled: boolean,
  standIn: string,
  own: SandboxCredentials,
): MembershipProviders {
  alone(reader, 'STRIPE_API_KEY', 'STRIPE_WEBHOOK_SECRET')
  alone(reader, 'CLERK_SECRET_KEY', 'CLERK_WEBHOOK_SIGNING_SECRET')
  return {
    mailchimp: provider(reader, sandboxEnabled, {
      required: ['MAILCHIMP_API_KEY', 'MAILCHIMP_LIST_ID'],
      live: ([apiKey = '', listId = '']) => ({
        apiKey,
        listId,
        welcome: welcomeStep(reader),
        apiUrl: mailchimpUrl(reader, apiKey),
      }),
      sandbox: () => ({
        apiKey: own.mailchimpApiKey,
        listId: own.mailchimpListId,
        welcome: {
          journeyId: Number(own.mailchimpWelcomeJourneyId),
          stepId: Number(own.mailchimpWelcomeStepId),
        },
        apiUrl: `${standIn}/mailchimp/3.0`,
      }),
    }),
    luma: provider(reader, sandboxEnabled, {
      required: ['LUMA_API_KEY'],
      live: ([apiKey = '']) => ({ apiKey, apiUrl: providerUrl(reader, 'LUMA_API_URL') }),
      sandbox: () => ({ apiKey: own.lumaApiKey, apiUrl: `${standIn}/luma` }),
    }),
    stripe: provider(reader, sandboxEnabled, {
      required: ['STRIPE_WEBHOOK_SECRET'],
      live: ([webhookSecret = '']) => ({
        webhookSecret,
        apiKey: reader.text('STRIPE_API_KEY') ?? null,
        apiUrl: providerUrl(reader, 'STRIPE_API_URL'),
      }),
      sandbox: () => ({
        webhookSecret: own.stripeWebhookSecret,
        apiKey: own.stripeApiKey,
        apiUrl: `${standIn}/stripe`,
      }),
    }),
    clerk: provider(reader, sandboxEnabled, {
      required: ['CLERK_WEBHOOK_SIGNING_SECRET'],
      live: ([webhookSecret = '']) => ({
        webhookSecret,
        secretKey: reader.text('CLERK_SECRET_KEY') ?? null,
        apiUrl: providerUrl(reader, 'CLERK_API_URL'),
      }),
      sandbox: () => ({
        webhookSecret: own.clerkWebhookSecret,
        secretKey: own.clerkSecretKey,
        apiUrl: `${standIn}/clerk`,
      }),
    }),
  }
}

function alone(reader: Reader, name: string, needed: string): void {
  if (reader.text(name) && !reader.text(needed))
    reader.problem(`${needed} is missing: ${name} cannot be used alone. Set both, or none.`)
}

function welcomeStep(reader: Reader): MailchimpSettings['welcome'] {
  const number = z.coerce.number().int().positive().nullable()
  const advice = 'Set it to the number that Mailchimp shows with the "API trigger" step of the journey.'
  const journeyId = reader.parsed('MAILCHIMP_WELCOME_JOURNEY_ID', number, null, advice)
  const stepId = reader.parsed('MAILCHIMP_WELCOME_STEP_ID', number, null, advice)
  if ((journeyId === null) !== (stepId === null))
    reader.problem(
      'MAILCHIMP_WELCOME_JOURNEY_ID and MAILCHIMP_WELCOME_STEP_ID belong together. Set both, or none.',
    )
  return journeyId !== null && stepId !== null ? { journeyId, stepId } : null
}

/** Mailchimp's address follows from its key, whose end names the data centre (`…-us21`). */
function mailchimpUrl(reader: Reader, apiKey: string): string {
  const given = providerUrl(reader, 'MAILCHIMP_API_URL')
  if (given) return given
  const dataCentre = /-([a-z]+\d+)$/.exec(apiKey)?.[1]
  if (!dataCentre) reader.problem('MAILCHIMP_API_KEY does not end with its data centre, like …-us21.')
  return `https://${dataCentre ?? 'us1'}.api.mailchimp.com/3.0`
}
