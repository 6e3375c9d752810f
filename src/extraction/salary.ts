import type { CountryCode } from 'libphonenumber-js'
import type { Finding } from './finding.ts'
import type { JobPostFields, SALARY_PERIODS } from './schema.ts'

/*
 * Salaries are found in two passes: every amount with its currency by one plain pattern, then neighbours are joined
 * into ranges in code. A single pattern for the whole grammar would be unreadable, and slow on long runs of digits.
 */

type Salary = NonNullable<JobPostFields['salary']['value']>
type Period = (typeof SALARY_PERIODS)[number]
type Amount = { start: number; end: number; value: number; thousands: boolean; currency: string | null }
type Candidate = Finding<Salary> & { score: number }

const DOLLARS: Partial<Record<CountryCode, string>> = {
  CA: 'CAD',
  AU: 'AUD',
  NZ: 'NZD',
  SG: 'SGD',
  HK: 'HKD',
  MX: 'MXN',
}
const KRONER: Partial<Record<CountryCode, string>> = { NO: 'NOK', SE: 'SEK', DK: 'DKK' }
const SYMBOLS: Record<string, string> = {
  US$: 'USD',
  A$: 'AUD',
  AU$: 'AUD',
  C$: 'CAD',
  CA$: 'CAD',
  NZ$: 'NZD',
  S$: 'SGD',
  HK$: 'HKD',
  R$: 'BRL',
  '£': 'GBP',
  '€': 'EUR',
  '¥': 'JPY',
  '₹': 'INR',
  '₪': 'ILS',
  '₦': 'NGN',
  zł: 'PLN',
  pounds: 'GBP',
  euros: 'EUR',
  euro: 'EUR',
}
const CODES = 'USD|EUR|GBP|CHF|CAD|AUD|NZD|SEK|NOK|DKK|PLN|INR|JPY|ILS|BRL|MXN|ZAR|NGN|KES|AED|SGD|HKD'
const BEFORE = `(?<before>(?:US|AU|CA|NZ|HK|[ACSR])?\\$|[£€¥₹₪₦]|(?<!\\p{L})(?:${CODES})(?=[\\s\\d]))`
const AFTER = `(?<after>[£€$]|zł|kr(?!\\p{L})|(?:${CODES}|dollars|bucks|pounds|euros?)(?!\\p{L}))`
const NUMBER =
  "(?<number>\\d{1,3}(?:[,.\u202f\u00a0’' ]\\d{3}){1,2}(?:\\.\\d{1,2})?|\\d{1,7}(?:[.,]\\d{1,2})?)"
const AMOUNT = new RegExp(
  `(?:${BEFORE}\\s?)?(?<![\\d.,])${NUMBER}(?![\\d])\\s?(?<k>k(?!\\p{L}))?\\+?(?:\\s?${AFTER})?`,
  'giu',
)

const JOINER = /^\s{0,2}(?:-|–|—|to|and|bis|à|a)\s{0,2}$/iu
const LEAD_MAX = /(?:up to|max(?:imum)?(?: of)?|bis zu)\s{0,2}$/iu
const LEAD_MIN = /(?:from|starting (?:at|from)|at least|min(?:imum)?(?: of)?|ab|between)\s{0,2}$/iu
const LABEL =
  /(?:salary|pay(?:s|ing)?|wages?|compensation|comp|rate|stipend|sueldo|gehalt|salaire|ote)\b[^\n\d$£€]{0,20}$/iu
const NOT_PAY_AFTER =
  /^\s?(?:m\b|mm\b|mn\b|bn\b|b\b|million|billion|%|[^\n.]{0,15}(?:bonus|referral|budget|raised|funding|in revenue|users))/iu
const NOT_PAY_BEFORE = /(?:raised|funding of|bonus(?: of)?|win|won|prize of|series \w)\s{0,2}$/iu
const PERIODS: readonly (readonly [Period, RegExp])[] = [
  ['hour', /^\+?\s{0,2}(?:\/|per|an?|p\.?)\s{0,2}(?:hours?|hrs?|h|stunde)\b|^\s?(?:hourly|p\/h|ph)\b/iu],
  ['day', /^\+?\s{0,2}(?:\/|per|a)\s{0,2}(?:day|shift|d)\b|^\s?(?:daily|pd)\b/iu],
  ['week', /^\+?\s{0,2}(?:\/|per|a)\s{0,2}(?:week|wk|w)\b|^\s?(?:weekly|pw)\b/iu],
  [
    'month',
    /^\+?\s{0,2}(?:\/|per|a)\s{0,2}(?:month|mo|mth|m|monat|mois)\b|^\s?(?:al mes|par mois|im monat)\b|^\s?(?:monthly|pcm|pm\b)/iu,
  ],
  [
    'year',
    /^\+?\s{0,2}(?:\/|per|a)\s{0,2}(?:year|yr|annum|y|jahr|an)\b|^\s?(?:annually|yearly|annual|p\.?a\.?(?!\p{L})|base\b)/iu,
  ],
  ['project', /^\s{0,2}(?:\/|per|for the|a)\s{0,2}(?:project|gig|event)\b|^\s?(?:flat|fixed)\b/iu],
]

/** `per walk`, `per word`: paid by something that the schema has no name for. */
const OTHER_PERIOD = /^\s?(?:\/|per)\s?\p{L}/iu

/** The pay, as the most salary-like amount or range in the text; `$` means the default country's dollar. */
export function findSalary(text: string, country: CountryCode): Finding<Salary> | null {
  const amounts = [...text.matchAll(AMOUNT)].slice(0, 200).map((match) => amountFrom(match, country))
  let best: Candidate | null = null
  for (let index = 0; index < amounts.length; index += 1) {
    const low = amounts[index]
    const next = amounts[index + 1]
    if (!low) continue
    const high = next && JOINER.test(text.slice(low.end, next.start)) ? next : null
    const candidate = candidateFrom(text, low, high)
    if (candidate && (!best || candidate.score > best.score)) best = candidate
    if (high) index += 1
  }
  if (!best) return null
  const { score: _, ...finding } = best
  return finding
}

function amountFrom(match: RegExpExecArray, country: CountryCode): Amount {
  const { before, after, number = '', k } = match.groups ?? {}
  return {
    start: match.index,
    end: match.index + match[0].trimEnd().length,
    value: numberFrom(number) * (k ? 1_000 : 1),
    thousands: k !== undefined,
    currency: currencyFrom(before ?? after, country),
  }
}

/** `45,000`, `45.000` and `45 000` are thousands; `18.50` and `18,50` are decimals. */
function numberFrom(number: string): number {
  const plain = number.replace(/[,.\s\u202f\u00a0’'](?=\d{3}(?!\d))/gu, '').replace(',', '.')
  return Number(plain)
}

function currencyFrom(mark: string | undefined, country: CountryCode): string | null {
  if (!mark) return null
  const upper = mark.toUpperCase()
  if (upper === '$' || upper === 'DOLLARS' || upper === 'BUCKS') return DOLLARS[country] ?? 'USD'
  if (upper === 'KR') return KRONER[country] ?? null
  return SYMBOLS[upper] ?? SYMBOLS[mark.toLowerCase()] ?? (/^[A-Z]{3}$/u.test(upper) ? upper : null)
}

function candidateFrom(text: string, low: Amount, high: Amount | null): Candidate | null {
  const last = high ?? low
  const lead = text.slice(Math.max(0, low.start - 40), low.start)
  const rest = text.slice(last.end, last.end + 40)
  if (NOT_PAY_AFTER.test(rest) || NOT_PAY_BEFORE.test(lead)) return null
  if (low.thousands && low.value === 401_000 && !low.currency) return null

  const period = PERIODS.map(([name, pattern]) => ({ name, match: pattern.exec(rest) })).find(
    (entry) => entry.match,
  )
  const currency = low.currency ?? high?.currency ?? null
  const labelled = LABEL.test(lead)
  const thousands = low.thousands || (high?.thousands ?? false)
  const score =
    (currency ? 3 : 0) + (period ? 2 : 0) + (labelled ? 2 : 0) + (thousands ? 1 : 0) + (high ? 1 : 0)
  if (score < 3 || (!currency && !labelled && !thousands)) return null

  const [min, max] = boundsOf(low, high, lead)
  const prefix = (LEAD_MAX.exec(lead) ?? LEAD_MIN.exec(lead))?.[0].length ?? 0
  return {
    value: {
      min,
      max,
      currency,
      period: period?.name ?? (OTHER_PERIOD.test(rest) ? null : likelyPeriod(max ?? min ?? 0)),
    },
    confidence: Math.min(0.95, 0.35 + score * 0.1),
    start: low.start - prefix,
    end: last.end + (period?.match?.[0].length ?? 0),
    score,
  }
}

/** `120-150k` means 120k; a range that runs backwards is turned round. */
function boundsOf(low: Amount, high: Amount | null, lead: string): [number | null, number | null] {
  if (!high) {
    if (LEAD_MAX.test(lead)) return [null, low.value]
    return LEAD_MIN.test(lead) ? [low.value, null] : [low.value, low.value]
  }
  const first = high.thousands && !low.thousands && low.value < 1_000 ? low.value * 1_000 : low.value
  return [Math.min(first, high.value), Math.max(first, high.value)]
}

/** Nobody is paid 25 a year or 60,000 an hour; between those the text has to say. */
function likelyPeriod(amount: number): Period | null {
  if (amount >= 15_000) return 'year'
  return amount > 0 && amount <= 150 ? 'hour' : null
}
