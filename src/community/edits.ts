import { z } from 'zod'
import type { FieldEdit } from '../database/index.ts'
import { type JobPostFields, jobPostFieldsSchema, type ParsedJobPost } from '../extraction/index.ts'

/** The fields of a job post as a person edits them: plain text, one line each; empty clears a field. */
export const EDITABLE_FIELDS = [
  'title',
  'company',
  'location',
  'workplace',
  'employmentType',
  'salaryMin',
  'salaryMax',
  'salaryCurrency',
  'salaryPeriod',
  'description',
  'applyUrl',
  'applyEmail',
  'applyPhone',
  'deadline',
  'tags',
] as const
export type EditableField = (typeof EDITABLE_FIELDS)[number]
export type FieldEdits = Partial<Record<EditableField, string>>

export const fieldEditsSchema: z.ZodType<FieldEdits> = z.partialRecord(
  z.enum(EDITABLE_FIELDS),
  z.string().max(5_000),
)

export const FIELD_LABELS: Record<EditableField, string> = {
  title: 'Title',
  company: 'Company',
  location: 'Location',
  workplace: 'Workplace',
  employmentType: 'Employment',
  salaryMin: 'Salary from',
  salaryMax: 'Salary to',
  salaryCurrency: 'Currency',
  salaryPeriod: 'Salary per',
  description: 'Description',
  applyUrl: 'Apply at',
  applyEmail: 'Apply by e-mail',
  applyPhone: 'Apply by phone',
  deadline: 'Deadline',
  tags: 'Tags',
}

/** A job post's fields as the plain texts that a form shows. */
export function editableTexts(fields: JobPostFields): Record<EditableField, string> {
  const { salary, apply } = { salary: fields.salary.value, apply: fields.apply.value }
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
    tags: (fields.tags.value ?? []).join(', '),
  }
}

export type AppliedEdits =
  | { ok: true; parsed: ParsedJobPost; edits: FieldEdit[] }
  | { ok: false; problems: { field: EditableField; problem: string }[] }

/**
 * Applies a person's edits. Fields that come out as they were are not edits. An edited field counts as certain and has
 * no source in the text. Gives every problem at once, each with its field and a sentence that says what to enter.
 */
export function applyEdits(parsed: ParsedJobPost, changes: FieldEdits): AppliedEdits {
  const before = editableTexts(parsed.fields)
  const after = { ...before }
  for (const field of EDITABLE_FIELDS) {
    const text = changes[field]
    if (text !== undefined) after[field] = text.trim()
  }
  const edits = EDITABLE_FIELDS.filter((field) => after[field] !== before[field]).map((field) => ({
    field,
    before: before[field],
    after: after[field],
  }))
  const problems = edits.flatMap(({ field, after: text }) => {
    const problem = problemWith(field, text)
    return problem ? [{ field, problem }] : []
  })
  const { salaryMin: from, salaryMax: to } = after
  if (
    edits.some(({ field }) => field.startsWith('salaryM')) &&
    (amount(from) ?? 0) > (amount(to) ?? Infinity)
  )
    problems.push({ field: 'salaryMax', problem: 'At least as much as “Salary from”.' })
  if (problems.length > 0) return { ok: false, problems }
  return {
    ok: true,
    parsed: { ...parsed, fields: rebuild(parsed.fields, after, new Set(edits.map((edit) => edit.field))) },
    edits,
  }
}

const shape = jobPostFieldsSchema.shape
const salaryShape = shape.salary.shape.value.unwrap().shape
const applyShape = shape.apply.shape.value.unwrap().shape

function problemWith(field: EditableField, text: string): string | null {
  if (text === '') return field === 'title' ? 'A job post needs a title.' : null
  const checks: Record<EditableField, () => [boolean, string]> = {
    title: () => [shape.title.shape.value.safeParse(text).success, 'At most 150 characters.'],
    company: () => [shape.company.shape.value.safeParse(text).success, 'At most 150 characters.'],
    location: () => [shape.location.shape.value.safeParse(text).success, 'At most 200 characters.'],
    workplace: () => [shape.workplace.shape.value.safeParse(text).success, 'One of onsite, hybrid, remote.'],
    employmentType: () => [
      shape.employmentType.shape.value.safeParse(text).success,
      'Choose one of the kinds of employment.',
    ],
    salaryMin: () => [amount(text) !== null, 'A number, without currency: 45000.'],
    salaryMax: () => [amount(text) !== null, 'A number, without currency: 60000.'],
    salaryCurrency: () => [
      salaryShape.currency.safeParse(text).success,
      'Three capital letters: USD, EUR, GBP.',
    ],
    salaryPeriod: () => [
      salaryShape.period.safeParse(text).success,
      'One of hour, day, week, month, year, project.',
    ],
    description: () => [shape.description.shape.value.safeParse(text).success, 'At most 5,000 characters.'],
    applyUrl: () => [
      applyShape.url.safeParse(text).success,
      'A full web address that begins with https:// or http://.',
    ],
    applyEmail: () => [applyShape.email.safeParse(text).success, 'An e-mail address: jobs@example.org.'],
    applyPhone: () => [
      applyShape.phone.safeParse(text).success,
      'A phone number with its country: +14155550123.',
    ],
    deadline: () => [shape.deadline.shape.value.safeParse(text).success, 'A date as 2026-12-31.'],
    tags: () => [
      shape.tags.shape.value.safeParse(splitTags(text)).success,
      'At most ten tags of 40 characters, with commas between.',
    ],
  }
  const [fine, problem] = checks[field]()
  return fine ? null : problem
}

function rebuild(
  fields: JobPostFields,
  texts: Record<EditableField, string>,
  edited: ReadonlySet<EditableField>,
): JobPostFields {
  const text = (field: EditableField) => texts[field] || null
  const rebuilt = {
    title: text('title'),
    company: text('company'),
    location: text('location'),
    workplace: text('workplace'),
    employmentType: text('employmentType'),
    salary: nullWhenEmpty({
      min: edited.has('salaryMin') ? amount(texts.salaryMin) : (fields.salary.value?.min ?? null),
      max: edited.has('salaryMax') ? amount(texts.salaryMax) : (fields.salary.value?.max ?? null),
      currency: text('salaryCurrency'),
      period: text('salaryPeriod'),
    }),
    description: text('description'),
    apply: nullWhenEmpty({ url: text('applyUrl'), email: text('applyEmail'), phone: text('applyPhone') }),
    deadline: text('deadline'),
    tags: texts.tags === '' ? null : splitTags(texts.tags),
  }
  const merged = Object.entries(fields).map(([name, field]) => {
    const touched = [...edited].some((one) => one === name || one.startsWith(name))
    const value = rebuilt[name as keyof JobPostFields]
    return [name, touched ? { value, confidence: 1, source: null } : field]
  })
  return jobPostFieldsSchema.parse(Object.fromEntries(merged))
}

/** `45000`, `45000.50` or `45,000`; null for what is read differently in different places: `45.000`, `45,5`. */
function amount(text: string): number | null {
  const grouped = /^\d{1,3}([,\s_]?)\d{3}(\1\d{3})*(\.\d{1,2})?$/.test(text)
  return grouped || /^\d+(\.\d{1,2})?$/.test(text) ? Number(text.replaceAll(/[\s,_]/g, '')) : null
}

function splitTags(text: string): string[] {
  return text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
}

function nullWhenEmpty<T extends Record<string, unknown>>(value: T): T | null {
  return Object.values(value).some((one) => one !== null) ? value : null
}
