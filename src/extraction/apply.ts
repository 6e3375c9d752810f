import { type CountryCode, findPhoneNumbersInText, parsePhoneNumberFromString } from 'libphonenumber-js'
import { LinkifyIt } from 'linkify-it'
import { type Finding, spanOf } from './finding.ts'
import { applySchema, type JobPostFields } from './schema.ts'

type Apply = NonNullable<JobPostFields['apply']['value']>
type Contact = { value: string; start: number; end: number; score: number }

const links = new LinkifyIt({ fuzzyLink: true, fuzzyEmail: true, maxLength: 2_000 })

/** What follows the `user` of `http://user:secret@host`: a link made to look like another one. */
const CREDENTIALS = /^:?[^\s:@/]{0,80}@/u

/** Names that look like addresses: nobody applies at `asp.net`. */
const NOT_A_LINK =
  /^(?:https?:\/\/)?(?:asp|vb|ado|socket|node|next|nuxt|vue|three|d3|e\.g|i\.e)\.(?:net|io|js|g|e)\/?$/iu
const APPLY_CUE =
  /(?:apply|application|cv|resume|résumé|send|e-?mail|call|text|contact|dm|more|info|details|link|here|at|:)[^\n]{0,30}$/iu
const JOB_LINK =
  /job|career|apply|hiring|recruit|lever\.co|greenhouse|workable|ashby|forms?\.|typeform|join/iu

/**
 * How to apply: the likeliest link, e-mail address and phone number of the text. `exclude` are stretches that look
 * like phone numbers but are known to be something else (the salary).
 */
export function findApply(
  text: string,
  country: CountryCode,
  exclude: readonly { start: number; end: number }[],
): Finding<Apply> | null {
  const matches = links.match(text) ?? []
  const url = best(
    matches.flatMap((match) => linkFrom(match.url, match.index, match.lastIndex, match.schema, text)),
  )
  const email = best(
    matches.flatMap((match) => emailFrom(match.url, match.index, match.lastIndex, match.schema, text)),
  )
  const phone = best(
    phonesIn(text, country, [...exclude, ...matches.map((m) => ({ start: m.index, end: m.lastIndex }))]),
  )
  const parts = [url, email, phone].filter((part) => part !== null)
  if (parts.length === 0) return null
  return {
    value: { url: url?.value ?? null, email: email?.value ?? null, phone: phone?.value ?? null },
    confidence: Math.max(...parts.map((part) => part.score)),
    ...spanOf(parts.toSorted((a, b) => b.score - a.score)),
  }
}

/** An address as a link that is safe to publish: http or https, no credentials in it; null for anything else. */
export function safeUrl(address: string): string | null {
  const url = URL.canParse(address) ? new URL(address) : null
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) return null
  if (url.username !== '' || url.password !== '') return null
  return applySchema.shape.url.safeParse(url.href).success ? url.href : null
}

/** A phone number as E.164; null when it is not a possible number in that country. */
export function toE164(phone: string, country: CountryCode): string | null {
  const parsed = parsePhoneNumberFromString(phone.slice(0, 60), country)
  if (!parsed?.isPossible()) return null
  return applySchema.shape.phone.safeParse(parsed.number).success ? parsed.number : null
}

function linkFrom(address: string, start: number, end: number, schema: string, text: string): Contact[] {
  if (schema === 'mailto:' || NOT_A_LINK.test(text.slice(start, end))) return []
  if (CREDENTIALS.test(text.slice(end, end + 100))) return []
  const spelledOut = schema === 'http:' || schema === 'https:'
  const value = safeUrl(spelledOut ? address : address.replace(/^http:/iu, 'https:'))
  if (!value) return []
  const cued = APPLY_CUE.test(text.slice(Math.max(0, start - 50), start)) || JOB_LINK.test(value)
  return [{ value, start, end, score: (spelledOut ? 0.75 : 0.6) + (cued ? 0.2 : 0) }]
}

function emailFrom(address: string, start: number, end: number, schema: string, text: string): Contact[] {
  if (schema !== 'mailto:') return []
  const value = address.replace(/^mailto:/iu, '').split('?', 1)[0] ?? ''
  if (!applySchema.shape.email.safeParse(value).success) return []
  const cued = APPLY_CUE.test(text.slice(Math.max(0, start - 50), start))
  return [{ value, start, end, score: cued ? 0.95 : 0.8 }]
}

function phonesIn(
  text: string,
  country: CountryCode,
  exclude: readonly { start: number; end: number }[],
): Contact[] {
  return findPhoneNumbersInText(text, country).flatMap(({ number, startsAt, endsAt }) => {
    if (exclude.some((span) => startsAt < span.end && span.start < endsAt)) return []
    if (!applySchema.shape.phone.safeParse(number.number).success) return []
    const cued = APPLY_CUE.test(text.slice(Math.max(0, startsAt - 50), startsAt))
    return [{ value: number.number, start: startsAt, end: endsAt, score: cued ? 0.9 : 0.7 }]
  })
}

/** The highest score; the first one of equals. */
function best(contacts: readonly Contact[]): Contact | null {
  return contacts.reduce<Contact | null>((top, next) => (!top || next.score > top.score ? next : top), null)
}
