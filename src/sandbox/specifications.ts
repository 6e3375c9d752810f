/** For the sandbox's own tests: the vendors' specifications, where those lie beside the project. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv, type ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { isRecord } from '../primitives/index.ts'

const SPECS = join(import.meta.dirname, '../../../shared/reference/specs')

/** Whether the specification is there; when not, says loudly what is skipped. */
export function present(name: string): boolean {
  if (existsSync(join(SPECS, name))) return true
  console.warn(
    `SKIPPED: ${name} is not there, so the sandbox's answers are not checked against the vendor's specification.`,
  )
  return false
}

/** Checks one answer: its status as the specification names it, e.g. `default` for Mailchimp's errors. */
type Check = (path: string, method: string, status: number | 'default', answer: unknown) => void

/**
 * Reads a specification, OpenAPI 3.1 or 3.0 or Swagger 2.0. What it returns fails the test when an answer is not as the
 * operation's schema says, or lacks a property that the specification's own example has.
 */
export function loadSpec(name: string): Check {
  const text = readFileSync(join(SPECS, name), 'utf8')
  const spec: unknown = name.endsWith('.json') ? JSON.parse(text) : parseYaml(text)
  const options = { strict: false, logger: false, allErrors: true, formats: FORMATS } as const
  const ajv = String(at(spec, ['openapi'])).startsWith('3.1') ? new Ajv2020(options) : new Ajv(options)
  ajv.addSchema(Object(withNulls(spec)), 'spec')
  const content = at(spec, ['swagger']) === '2.0' ? [] : ['content', 'application/json']
  return (path, method, status, answer) => {
    const pointer = ['paths', path, method, 'responses', String(status), ...content]
    const reference = [...pointer, 'schema']
      .map((part) => encodeURIComponent(part.replaceAll('/', '~1')))
      .join('/')
    const validate: ValidateFunction = ajv.compile({ $ref: `spec#/${reference}` })
    expect(validate(answer) ? [] : validate.errors, `${method} ${path} ${status}`).toEqual([])
    for (const example of Object.values(Object(at(spec, [...pointer, 'examples'])))) {
      const expected = keys(at(example, ['value'])).filter((key) => !NEEDLESS.test(key))
      expect(keys(answer)).toEqual(expect.arrayContaining(expected))
    }
  }
}

/** Stricter than their names where a vendor is. `date-time` may be empty, as Mailchimp's is for who never signed up. */
const FORMATS = {
  'date-time-rfc-2822': /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} \+0000$/,
  date_time: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/,
  'date-time': /^$|^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/,
  'phone-number': /^\+\d+$/,
}

/** In an example, but not in the schema beside it or not of every object. */
const NEEDLESS =
  /summary|tiptap_body|text_|content|custom_|course_setting|messaging_service|subresource|messages|records/

/** OpenAPI 3.0 says `nullable` where JSON Schema says `null`. */
function withNulls(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withNulls)
  if (!isRecord(node)) return node
  const { nullable, ...rest } = node
  const inner = Object.fromEntries(Object.entries(rest).map(([key, child]) => [key, withNulls(child)]))
  return nullable === true ? { anyOf: [inner, { type: 'null' }] } : inner
}

function at(node: unknown, path: string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isRecord(inner) ? inner[key] : undefined), node)
}

function keys(node: unknown, prefix = ''): string[] {
  if (!isRecord(node)) return []
  return Object.entries(node).flatMap(([key, child]) => [
    `${prefix}${key}`,
    ...keys(child, `${prefix}${key}.`),
  ])
}
