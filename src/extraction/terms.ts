import type { Finding } from './finding.ts'
import type { EMPLOYMENT_TYPES, WORKPLACES } from './schema.ts'

type EmploymentType = (typeof EMPLOYMENT_TYPES)[number]
type Workplace = (typeof WORKPLACES)[number]

/** Most telling first: an internship is usually full time as well. */
const EMPLOYMENT: readonly (readonly [EmploymentType, RegExp])[] = [
  ['internship', /\b(?:internships?|interns?|working student|werkstudent(?:in)?|traineeship)\b/iu],
  ['volunteer', /\b(?:volunteers?(?! (?:coordinator|manager|lead))|volunteering|unpaid|pro bono)\b/iu],
  ['part_time', /\b(?:part[\s-]?time|half[\s-]?time|\d{1,2}\s?(?:hrs|hours)\s?(?:per|a|\/)\s?week|PT)\b/iu],
  ['contract', /\b(?:contract(?:or)?|freelance(?:r)?|1099|fixed[\s-]term|B2B)\b/iu],
  ['temporary', /\b(?:temporary|temp|seasonal|holiday cover|maternity cover)\b/iu],
  ['full_time', /\b(?:full[\s-]?time|permanent|FT|vollzeit|temps plein|tiempo completo)\b/iu],
]

const HYBRID =
  /\b(?:hybrid|partly remote|partially remote|remote[\s-]friendly|\d days? (?:in|at) (?:the )?office)\b/iu
const NOT_REMOTE = /\b(?:no|not|non)[\s-](?:a |fully )?remote\b/iu
const REMOTE =
  /\b(?:(?:fully|100\s?%|completely)[\s-])?remote(?:ly)?\b|\b(?:work(?:ing)? from (?:home|anywhere)|wfh|home[\s-]?office|home[\s-]based|teletrabajo|télétravail)\b/iu
const ONSITE = /\b(?:on[\s-]?site|in[\s-]office|in[\s-]person|office[\s-]based|in[\s-]store)\b/iu

/** Full time, part time, contract …; two kinds at once lower the confidence. */
export function findEmploymentType(text: string): Finding<EmploymentType> | null {
  const found = EMPLOYMENT.flatMap(([value, pattern]) => {
    const match = pattern.exec(text)
    return match ? [{ value, start: match.index, end: match.index + match[0].length }] : []
  })
  const first = found[0]
  return first ? { ...first, confidence: found.length === 1 ? 0.9 : 0.6 } : null
}

/** Where the work is done. A text that offers both remote and on-site work is hybrid, with little confidence. */
export function findWorkplace(text: string): Finding<Workplace> | null {
  const at = (pattern: RegExp, value: Workplace, confidence: number) => {
    const match = pattern.exec(text)
    return match ? { value, confidence, start: match.index, end: match.index + match[0].length } : null
  }
  const hybrid = at(HYBRID, 'hybrid', 0.9)
  if (hybrid) return hybrid
  const notRemote = at(NOT_REMOTE, 'onsite', 0.8)
  if (notRemote) return notRemote
  const remote = at(REMOTE, 'remote', 0.9)
  const onsite = at(ONSITE, 'onsite', 0.9)
  if (remote && onsite) return { ...remote, value: 'hybrid', confidence: 0.5 }
  return remote ?? onsite
}
