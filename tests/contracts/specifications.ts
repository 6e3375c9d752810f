import { existsSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { parse } from 'yaml'

const FOLDER = '../shared/reference/specs'

/** Whether a provider's specification is at hand; says loudly what is not tested when it is absent. */
export function hasSpecification(file: string): boolean {
  const present = existsSync(`${FOLDER}/${file}`)
  if (!present) console.warn(`SKIPPED: requests against ${file}, as ${FOLDER} is absent.`)
  return present
}

/**
 * Reads one of the specifications and gives a check of a value against the schema at a JSON pointer
 * (`/paths/~1posts/post/…`): the list of what is wrong, empty when it satisfies the schema.
 */
export function readSpecification(file: string): (pointer: string, value: unknown) => string[] {
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true, logger: false })
  ajv.addSchema(withNullable(parse(readFileSync(`${FOLDER}/${file}`, 'utf8'))), 'specification')
  return (pointer, value) => {
    const validate = ajv.compile({ $ref: `specification#${pointer}` })
    return validate(value)
      ? []
      : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`)
  }
}

/** OpenAPI 3.0 says `nullable: true` where JSON Schema wants another type, also where it forgets the type. */
function withNullable(schema: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(schema), (_key, value) => {
    if (value === null || typeof value !== 'object' || value.nullable !== true) return value
    const { nullable: _, ...rest } = value
    return { anyOf: [rest, { type: 'null' }] }
  })
}
