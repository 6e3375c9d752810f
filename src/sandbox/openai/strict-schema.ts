/** What OpenAI demands of a schema in strict mode, and an instance of any such schema. */
import { isRecord } from '../../primitives/index.ts'

/**
 * The first breach of strict mode's rules, worded as OpenAI words it; null when there is none.
 * https://developers.openai.com/api/docs/guides/structured-outputs#supported-schemas
 */
export function strictProblem(schema: unknown): string | null {
  if (!isRecord(schema)) return 'schema must be a JSON Schema object'
  if (schema.type !== 'object')
    return `schema must be a JSON Schema of 'type: "object"', got 'type: "${schema.type}"'`
  return nodeProblem(schema, [])
}

const UNSUPPORTED = ['default', 'allOf', 'not', 'if', 'then', 'else', 'patternProperties', 'oneOf']

function nodeProblem(schema: unknown, path: string[]): string | null {
  if (!isRecord(schema)) return null
  const context = `In context=(${path.map((part) => `'${part}'`).join(', ')})`
  for (const keyword of UNSUPPORTED) {
    if (keyword in schema) return `${context}, '${keyword}' is not permitted.`
  }
  if (isRecord(schema.properties)) {
    if (schema.additionalProperties !== false) {
      return `${context}, 'additionalProperties' is required to be supplied and to be false.`
    }
    const names = Object.keys(schema.properties)
    const required = Array.isArray(schema.required) ? schema.required : []
    const absent = names.find((name) => !required.includes(name))
    if (absent !== undefined) {
      return `${context}, 'required' is required to be supplied and to be an array including every key in properties. Missing '${absent}'.`
    }
  }
  return children(schema, path).reduce<string | null>(
    (found, [child, childPath]) => found ?? nodeProblem(child, childPath),
    null,
  )
}

function children(schema: Record<string, unknown>, path: string[]): [unknown, string[]][] {
  const named = [schema.properties, schema.$defs, schema.definitions]
    .filter(isRecord)
    .flatMap((group) => Object.entries(group))
    .map(([name, child]): [unknown, string[]] => [child, [...path, 'properties', name]])
  const branches = Array.isArray(schema.anyOf) ? schema.anyOf : []
  return [
    ...named,
    ...branches.map((child, index): [unknown, string[]] => [child, [...path, 'anyOf', String(index)]]),
    [schema.items, [...path, 'items']],
  ]
}

/** The plainest instance of a schema: nulls where they are allowed, else empty and first values. */
export function plainInstance(schema: unknown, root: unknown = schema): unknown {
  if (!isRecord(schema)) return null
  if (typeof schema.$ref === 'string') return plainInstance(resolve(root, schema.$ref), root)
  if ('const' in schema) return schema.const
  if (Array.isArray(schema.enum)) return schema.enum.includes(null) ? null : schema.enum[0]
  const types = [schema.type ?? []].flat()
  const branches = Array.isArray(schema.anyOf) ? schema.anyOf : []
  if (types.includes('null') || branches.some((each) => isRecord(each) && each.type === 'null')) return null
  if (branches.length > 0) return plainInstance(branches[0], root)
  switch (types[0]) {
    case 'object':
      return Object.fromEntries(
        Object.entries(isRecord(schema.properties) ? schema.properties : {}).map(([name, child]) => [
          name,
          plainInstance(child, root),
        ]),
      )
    case 'array':
      return []
    case 'boolean':
      return false
    case 'number':
    case 'integer':
      return schema.minimum ?? 0
    default:
      return ''
  }
}

function resolve(root: unknown, reference: string): unknown {
  return reference
    .replace(/^#\/?/, '')
    .split('/')
    .filter((part) => part !== '')
    .reduce<unknown>((node, part) => (isRecord(node) ? node[part] : undefined), root)
}
