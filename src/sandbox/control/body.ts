import { z } from 'zod'
import { BadInputError, parseJson } from '../../primitives/index.ts'
import type { SandboxContext } from '../pipeline.ts'

/**
 * The request's JSON body, checked. An empty body is `{}`.
 * @throws BadInputError that says what is wrong with it
 */
export async function readJson<T extends z.ZodType>(
  context: SandboxContext,
  schema: T,
): Promise<z.output<T>> {
  const text = await context.req.text()
  return check(schema, text === '' ? {} : parseJson(text))
}

/**
 * Any value, checked.
 * @throws BadInputError that says what is wrong with it
 */
export function check<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new BadInputError(z.prettifyError(parsed.error))
}
