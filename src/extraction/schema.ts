import { z } from 'zod'

/**
 * A job post as both parsers give it: for every field the value (null when the text does not say), how sure the
 * parser is (0…1), and the words of the text that it came from (null when it was inferred). Strict JSON schema wants
 * every property present and nothing optional, so absence is null everywhere.
 */
const field = <T extends z.ZodType>(value: T) =>
  z.strictObject({
    value: value.nullable(),
    confidence: z.number().min(0).max(1),
    source: z.string().max(1_600).nullable(),
  })

export const WORKPLACES = ['onsite', 'hybrid', 'remote'] as const
export const EMPLOYMENT_TYPES = [
  'full_time',
  'part_time',
  'contract',
  'temporary',
  'internship',
  'volunteer',
] as const
export const SALARY_PERIODS = ['hour', 'day', 'week', 'month', 'year', 'project'] as const

/** Amounts are in whole or decimal units of the currency (not cents); currency is ISO 4217. */
const salarySchema = z.strictObject({
  min: z.number().nonnegative().nullable(),
  max: z.number().nonnegative().nullable(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .nullable(),
  period: z.enum(SALARY_PERIODS).nullable(),
})

/** How to apply: at least one of the three when the text says how. URLs are http(s) only; the phone is E.164. */
export const applySchema = z.strictObject({
  url: z
    .string()
    .regex(/^https?:\/\/[^\s]+$/i)
    .max(2_000)
    .nullable(),
  email: z
    .string()
    .max(320)
    .regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/)
    .nullable(),
  phone: z
    .string()
    .regex(/^\+\d{6,15}$/)
    .nullable(),
})

export const jobPostFieldsSchema = z.strictObject({
  title: field(z.string().min(1).max(150)),
  company: field(z.string().min(1).max(150)),
  location: field(z.string().min(1).max(200)),
  workplace: field(z.enum(WORKPLACES)),
  employmentType: field(z.enum(EMPLOYMENT_TYPES)),
  salary: field(salarySchema),
  description: field(z.string().min(1).max(5_000)),
  apply: field(applySchema),
  /** ISO calendar date, `2026-12-01`. */
  deadline: field(z.iso.date()),
  tags: field(z.array(z.string().min(1).max(40)).max(10)),
})

export const parsedJobPostSchema = z.strictObject({
  /** Whether the text is a job post at all. */
  isJobPost: z.boolean(),
  /** How sure of that, 0…1. */
  confidence: z.number().min(0).max(1),
  /** What a reader would still have to ask for, in the sender's words' language: `title`, `company`, `apply`… */
  missing: z.array(z.enum(['title', 'company', 'location', 'apply', 'description'])).max(5),
  fields: jobPostFieldsSchema,
})

export type JobPostFields = z.infer<typeof jobPostFieldsSchema>
export type ParsedJobPost = z.infer<typeof parsedJobPostSchema>
export type JobPostFieldName = keyof JobPostFields

/** Which parser filled the shape: OpenAI's answer, or the rules. */
export type ParserName = 'openai' | 'rules'

/** Below this a field is shown to the moderators as uncertain. */
export const UNCERTAIN_BELOW = 0.6
