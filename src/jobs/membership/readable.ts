import type { z } from 'zod'
import { NeverRetryError } from '../../primitives/index.ts'

/**
 * Reads what a provider sent.
 * @param what in words, for the sentence that people see: `Stripe’s event`
 * @throws NeverRetryError that names the field at fault, never its content
 */
export function readAs<T>(schema: z.ZodType<T>, object: unknown, what: string): T {
  const parsed = schema.safeParse(object)
  if (parsed.success) return parsed.data
  const field = parsed.error.issues[0]?.path.join('.') || 'the object itself'
  throw new NeverRetryError(`${what} cannot be read: ${field} is not as expected.`)
}
