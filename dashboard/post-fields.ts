import type { JobPostFieldName, ParsedJobPost } from '../src/extraction/schema.ts'
import type { FieldEdits } from '../src/server/contract.ts'

/** The fields of a job post as people read and edit them. */

export type FieldView = {
  name: JobPostFieldName
  label: string
  /** Null when the text does not say. */
  value: string | null
  /** 0…1 */
  confidence: number
  /** The words of the text it came from; null when it was inferred. */
  source: string | null
  uncertain: boolean
}

const LABELS: Record<JobPostFieldName, string> = {
  title: 'Title',
  company: 'Company',
  location: 'Location',
  workplace: 'Workplace',
  employmentType: 'Employment',
  salary: 'Salary',
  description: 'Description',
  apply: 'How to apply',
  deadline: 'Apply by',
  tags: 'Tags',
}

/** All fields in reading order. `uncertain` names those that the server wants looked at. */
export function viewFields(parsed: ParsedJobPost, uncertain: string[]): FieldView[] {
  const names = Object.keys(LABELS) as JobPostFieldName[]
  return names.map((name) => ({
    name,
    label: LABELS[name],
    value: describeValue(parsed, name),
    confidence: parsed.fields[name].confidence,
    source: parsed.fields[name].source,
    uncertain: uncertain.includes(name),
  }))
}

/** A field's name as a reader says it; a name this version does not know is given back with spaces. */
export function fieldLabel(name: string): string {
  const known: Record<string, string> = { ...LABELS, ...EDIT_LABELS }
  return known[name] ?? name.replaceAll('_', ' ')
}

export const EDIT_LABELS = {
  title: 'Title',
  company: 'Company',
  location: 'Location',
  workplace: 'Workplace',
  employmentType: 'Employment',
  salaryMin: 'Salary from',
  salaryMax: 'Salary to',
  salaryCurrency: 'Currency',
  salaryPeriod: 'Per',
  description: 'Description',
  applyUrl: 'Apply at (link)',
  applyEmail: 'Apply by e-mail',
  applyPhone: 'Apply by phone',
  deadline: 'Apply by',
  tags: 'Tags',
} as const satisfies Record<keyof FieldEdits, string>

export type EditableFields = Record<keyof FieldEdits, string>

/** The fields as the text of an edit form's inputs; what the post does not say is empty. */
export function editableFields({ fields }: ParsedJobPost): EditableFields {
  const salary = fields.salary.value
  const apply = fields.apply.value
  return {
    title: fields.title.value ?? '',
    company: fields.company.value ?? '',
    location: fields.location.value ?? '',
    workplace: fields.workplace.value ?? '',
    employmentType: fields.employmentType.value ?? '',
    salaryMin: salary?.min?.toString() ?? '',
    salaryMax: salary?.max?.toString() ?? '',
    salaryCurrency: salary?.currency ?? '',
    salaryPeriod: salary?.period ?? '',
    description: fields.description.value ?? '',
    applyUrl: apply?.url ?? '',
    applyEmail: apply?.email ?? '',
    applyPhone: apply?.phone ?? '',
    deadline: fields.deadline.value ?? '',
    tags: fields.tags.value?.join(', ') ?? '',
  }
}

/** Only the inputs that differ from what they started with. */
export function changedFields(before: EditableFields, after: EditableFields): FieldEdits {
  const names = Object.keys(before) as (keyof FieldEdits)[]
  return Object.fromEntries(
    names.filter((name) => after[name].trim() !== before[name]).map((name) => [name, after[name].trim()]),
  )
}

/** `full_time` → `Full time`. */
export function humanize(value: string): string {
  const words = value.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function describeValue({ fields }: ParsedJobPost, name: JobPostFieldName): string | null {
  switch (name) {
    case 'salary':
      return describeSalary(fields.salary.value)
    case 'apply': {
      const ways = fields.apply.value
      return [ways?.url, ways?.email, ways?.phone].filter(Boolean).join(' · ') || null
    }
    case 'tags':
      return fields.tags.value?.join(', ') || null
    case 'workplace':
    case 'employmentType': {
      const value = fields[name].value
      return value === null ? null : humanize(value)
    }
    case 'deadline':
      return describeDate(fields.deadline.value)
    default:
      return fields[name].value
  }
}

function describeSalary(salary: ParsedJobPost['fields']['salary']['value']): string | null {
  if (salary === null || (salary.min === null && salary.max === null)) return null
  const format = (amount: number) =>
    salary.currency === null
      ? amount.toLocaleString('en')
      : new Intl.NumberFormat('en', {
          style: 'currency',
          currency: salary.currency,
          minimumFractionDigits: Number.isInteger(amount) ? 0 : 2,
        }).format(amount)
  const amounts = [...new Set([salary.min, salary.max])].filter((amount) => amount !== null).map(format)
  const range = salary.min === null ? `up to ${amounts[0]}` : amounts.join('–')
  const from = salary.max === null ? `from ${range}` : range
  return salary.period === null ? from : `${from} per ${salary.period}`
}

function describeDate(date: string | null): string | null {
  if (date === null) return null
  return new Intl.DateTimeFormat('en', { dateStyle: 'long', timeZone: 'UTC' }).format(
    new Date(`${date}T00:00:00Z`),
  )
}
