import { z } from 'zod'
import { isRecord } from '../primitives/index.ts'
import { parsedJobPostSchema } from './schema.ts'

/** The name under which OpenAI knows the schema. */
export const JOB_POST_SCHEMA_NAME = 'job_post'

const KEPT = new Set([
  'type',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'anyOf',
  'enum',
  'description',
])

/**
 * The job-post shape as JSON Schema for OpenAI's strict mode, derived from the zod schema so that the two cannot
 * drift apart. Strict mode wants every property required and no others (zod's strictObject gives both) and does not
 * take every keyword; what is dropped here, our own check of the answer still enforces.
 * https://developers.openai.com/api/docs/guides/structured-outputs#supported-schemas (2026-11)
 */
export const jobPostJsonSchema: Record<string, unknown> = toStrict(z.toJSONSchema(parsedJobPostSchema))

/** Keeps the keywords that strict mode takes, at every depth. */
function toStrict(schema: unknown): Record<string, unknown> {
  if (!isRecord(schema)) return {}
  const entries = Object.entries(schema).filter(([key]) => KEPT.has(key))
  return Object.fromEntries(entries.map(([key, value]) => [key, strictKeyword(key, value)]))
}

function strictKeyword(key: string, value: unknown): unknown {
  if (key === 'items') return toStrict(value)
  if (key === 'anyOf' && Array.isArray(value)) return value.map(toStrict)
  if (key === 'properties' && isRecord(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toStrict(inner)]))
  }
  return value
}
