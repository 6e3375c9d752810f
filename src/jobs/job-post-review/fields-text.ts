import type { JobPostFields } from '../../extraction/index.ts'

const EMPLOYMENT = {
  full_time: 'Full time',
  part_time: 'Part time',
  contract: 'Contract',
  temporary: 'Temporary',
  internship: 'Internship',
  volunteer: 'Volunteer',
} as const
const WORKPLACE = { onsite: 'On site', hybrid: 'Hybrid', remote: 'Remote' } as const

/** The short fields of a job post in reading order, label and text; fields that say nothing are left out. */
export function shortFields(fields: JobPostFields): { label: string; text: string; href?: string }[] {
  const apply = fields.apply.value
  const lines: [label: string, text: string | null | undefined, href?: string | undefined][] = [
    ['Company', fields.company.value],
    ['Location', fields.location.value],
    ['Workplace', fields.workplace.value && WORKPLACE[fields.workplace.value]],
    ['Employment', fields.employmentType.value && EMPLOYMENT[fields.employmentType.value]],
    ['Salary', salaryText(fields)],
    ['Deadline', fields.deadline.value],
    ['Apply', apply?.url, apply?.url ?? undefined],
    ['E-mail', apply?.email, apply?.email ? `mailto:${apply.email}` : undefined],
    ['Phone', apply?.phone, apply?.phone ? `tel:${apply.phone}` : undefined],
    ['Tags', fields.tags.value?.join(', ')],
  ]
  return lines.flatMap(([label, text, href]) => (text ? [{ label, text, ...(href ? { href } : {}) }] : []))
}

/** `120,000–150,000 USD per year`; null when no amount is known. */
function salaryText(fields: JobPostFields): string | null {
  const salary = fields.salary.value
  if (!salary || (salary.min === null && salary.max === null)) return null
  const number = (amount: number) => amount.toLocaleString('en-US')
  const range =
    salary.min !== null && salary.max !== null
      ? salary.min === salary.max
        ? number(salary.min)
        : `${number(salary.min)}–${number(salary.max)}`
      : salary.min !== null
        ? `from ${number(salary.min)}`
        : `up to ${number(salary.max ?? 0)}`
  return [range, salary.currency, salary.period && `per ${salary.period}`].filter(Boolean).join(' ')
}
