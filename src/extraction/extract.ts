import { type CountryCode, isSupportedCountry } from 'libphonenumber-js'
import { findApply } from './apply.ts'
import { findCompany } from './company.ts'
import { findDeadline } from './deadline.ts'
import { type Finding, MAX_TEXT, tidyParagraphs, toField } from './finding.ts'
import { judgeJobLikeness } from './job-likeness.ts'
import { findLocation } from './location.ts'
import { findSalary } from './salary.ts'
import type { ParsedJobPost } from './schema.ts'
import { findTags } from './tags.ts'
import { findEmploymentType, findWorkplace } from './terms.ts'
import { findTitle } from './title.ts'

/**
 * The rule-based parser: fills the job-post shape from any text, without a model and without the network. The same
 * text and options always give the same answer; it never throws, and reads at most the first 8,000 characters.
 * `referenceDate` is when the text arrived (for "by Friday"); `defaultCountry` (ISO 3166, default US) reads national
 * phone numbers, the dollar sign, and dates such as 3/4.
 */
export function extractJobPost(
  text: string,
  options: { referenceDate: Date; defaultCountry?: string },
): ParsedJobPost {
  const raw = text.slice(0, MAX_TEXT)
  const country = countryFrom(options.defaultCountry)
  const salary = findSalary(raw, country)
  const deadline = findDeadline(raw, options.referenceDate, country)
  const apply = findApply(
    raw,
    country,
    [salary, deadline].filter((found) => found !== null),
  )
  const fields: ParsedJobPost['fields'] = {
    title: toField(findTitle(raw), raw),
    company: toField(findCompany(raw), raw),
    location: toField(findLocation(raw), raw),
    workplace: toField(findWorkplace(raw), raw),
    employmentType: toField(findEmploymentType(raw), raw),
    salary: toField(salary, raw),
    description: toField(descriptionOf(raw), raw),
    apply: toField(apply, raw),
    deadline: toField(deadline, raw),
    tags: toField(findTags(raw), raw),
  }
  return { ...judgeJobLikeness(raw, fields), missing: missingFrom(fields), fields }
}

/** A known ISO 3166 country, or the United States. */
export function countryFrom(country: string | undefined): CountryCode {
  const code = country?.toUpperCase() ?? 'US'
  return isSupportedCountry(code) ? code : 'US'
}

/** The text itself describes the job best: a moderator edits it if need be. */
function descriptionOf(text: string): Finding<string> | null {
  const value = tidyParagraphs(text, 5_000)
  if (!/\p{L}/u.test(value)) return null
  return { value, confidence: 0.6, start: 0, end: text.length }
}

/** What one would ask the sender for. A remote job needs no location; eight words describe a job well enough. */
function missingFrom(fields: ParsedJobPost['fields']): ParsedJobPost['missing'] {
  const missing: ParsedJobPost['missing'] = []
  if (!fields.title.value) missing.push('title')
  if (!fields.company.value) missing.push('company')
  if (!fields.location.value && fields.workplace.value !== 'remote') missing.push('location')
  if (!fields.apply.value) missing.push('apply')
  if ((fields.description.value?.split(/\s+/u).length ?? 0) < 8) missing.push('description')
  return missing
}
