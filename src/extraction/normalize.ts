import type { CountryCode } from 'libphonenumber-js'
import { isRecord } from '../primitives/index.ts'
import { safeUrl, toE164 } from './apply.ts'
import { countryFrom } from './extract.ts'
import { tidyLine, tidyParagraphs } from './finding.ts'
import { type ParsedJobPost, parsedJobPostSchema } from './schema.ts'

/**
 * The outcome of checking a model's answer: a post that satisfies our schema, with what had to be put right, or the
 * problems, one sentence each, that make the answer useless.
 */
export type NormalizedJobPost =
  | { ok: true; post: ParsedJobPost; repairs: string[] }
  | { ok: false; problems: string[] }

/** Confidence of a value whose words are not in the text: a moderator should look at it. */
const UNSOURCED = 0.5

const LENGTHS: Record<string, number> = { title: 150, company: 150, location: 200 }

/**
 * Checks an answer of a model about `text` against our own schema; it is trusted with nothing. White space is
 * trimmed and empty strings become null; a source that is not in the text is dropped and its field marked uncertain;
 * a link that is not http(s), an impossible phone number and any contact that is not in the text are dropped; phone
 * numbers become E.164 (national ones read with `defaultCountry`, default US). Never throws.
 */
export function normalizeParsedJobPost(
  answer: unknown,
  text: string,
  options: { defaultCountry?: string } = {},
): NormalizedJobPost {
  if (!isRecord(answer) || !isRecord(answer.fields)) {
    return { ok: false, problems: ['The answer is not an object with fields.'] }
  }
  const repairs: string[] = []
  const country = countryFrom(options.defaultCountry)
  const fields = Object.fromEntries(
    Object.entries(answer.fields).map(([name, field]) => [
      name,
      repairField(name, field, text, country, repairs),
    ]),
  )
  const parsed = parsedJobPostSchema.safeParse({ ...answer, fields })
  if (parsed.success) return { ok: true, post: parsed.data, repairs }
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'The answer'}: ${issue.message}`,
  )
  return { ok: false, problems }
}

function repairField(
  name: string,
  field: unknown,
  text: string,
  country: CountryCode,
  repairs: string[],
): unknown {
  if (!isRecord(field)) return field
  const value = repairValue(name, field.value, text, country, repairs)
  const source = typeof field.source === 'string' ? ownWords(field.source, text) : field.source
  if (value === null) return { ...field, value, source: null }
  if (source === null && typeof field.source === 'string' && field.source.trim() !== '') {
    repairs.push(`${name}: its source is not in the text`)
    const confidence =
      typeof field.confidence === 'number' ? Math.min(field.confidence, UNSOURCED) : field.confidence
    return { ...field, value, source, confidence }
  }
  return { ...field, value, source }
}

function repairValue(
  name: string,
  value: unknown,
  text: string,
  country: CountryCode,
  repairs: string[],
): unknown {
  if (name === 'apply') return repairApply(value, text, country, repairs)
  if (name === 'tags' && Array.isArray(value)) {
    const tags = value.map((tag) => (typeof tag === 'string' ? tidyLine(tag, 40).toLowerCase() : tag))
    return [...new Set(tags)].filter((tag) => tag !== '').slice(0, 10)
  }
  if (typeof value !== 'string') return value
  const tidy = name === 'description' ? tidyParagraphs(value, 5_000) : tidyLine(value, LENGTHS[name] ?? 100)
  return tidy === '' ? null : tidy
}

function repairApply(value: unknown, text: string, country: CountryCode, repairs: string[]): unknown {
  if (!isRecord(value)) return value
  const keep = (part: string, given: unknown, repaired: string | null) => {
    if (typeof given === 'string' && given.trim() !== '' && repaired === null)
      repairs.push(`apply.${part}: dropped`)
    return typeof given === 'string' ? repaired : given
  }
  const apply = {
    ...value,
    url: keep('url', value.url, repairUrl(value.url, text)),
    email: keep('email', value.email, repairEmail(value.email, text)),
    phone: keep('phone', value.phone, repairPhone(value.phone, text, country)),
  }
  return apply.url === null && apply.email === null && apply.phone === null ? null : apply
}

/** The model may add `https://`, but the host has to stand in the text. */
function repairUrl(url: unknown, text: string): string | null {
  const safe = typeof url === 'string' ? safeUrl(url.trim()) : null
  return safe && includesIgnoringCase(text, new URL(safe).host.replace(/^www\./u, '')) ? safe : null
}

function repairEmail(email: unknown, text: string): string | null {
  const address = typeof email === 'string' ? email.trim().replace(/^mailto:/iu, '') : ''
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/u.test(address) && includesIgnoringCase(text, address) ? address : null
}

/** Its last six digits have to stand in the text, in that order, whatever is between them. */
function repairPhone(phone: unknown, text: string, country: CountryCode): string | null {
  const number = typeof phone === 'string' ? toE164(phone, country) : null
  return number && text.replace(/\D/gu, '').includes(number.slice(-6)) ? number : null
}

/** The text's own spelling of the words; null when they are not in it. */
function ownWords(source: string, text: string): string | null {
  const words = source.trim()
  if (words === '' || words.length > 1_600 || words.includes('\0') || !words.isWellFormed()) return null
  if (text.includes(words)) return words
  const lower = text.toLowerCase()
  const at = lower.length === text.length ? lower.indexOf(words.toLowerCase()) : -1
  return at < 0 ? null : text.slice(at, at + words.length).trim()
}

function includesIgnoringCase(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase())
}
