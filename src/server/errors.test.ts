import { expect, test } from 'vitest'
import { z } from 'zod'
import {
  BadInputError,
  ConflictError,
  NeverRetryError,
  NotAllowedError,
  NotFoundError,
} from '../primitives/index.ts'
import { httpError, SignedOutError } from './errors.ts'

const withCode = (message: string, code: string) => Object.assign(new Error(message), { code })
const zodError = z.object({ edits: z.object({ title: z.string() }) }).safeParse({ edits: { title: 3 } }).error

test.each([
  [new SignedOutError(), 401, 'signed_out'],
  [new BadInputError('no'), 400, 'bad_input'],
  [new NotAllowedError('no'), 403, 'not_allowed'],
  [new NotFoundError('no'), 404, 'not_found'],
  [new ConflictError('no'), 409, 'conflict'],
  [zodError, 400, 'bad_input'],
  [withCode('terminating connection', '57P01'), 503, 'database_unavailable'],
  [new Error('Failed query', { cause: withCode('refused', 'ECONNREFUSED') }), 503, 'database_unavailable'],
  [withCode('invalid byte sequence', '22021'), 400, 'bad_input'],
  [withCode('relation does not exist', '42P01'), 500, 'unexpected'],
  [new NeverRetryError('inside'), 500, 'unexpected'],
  [new TypeError('x is not a function'), 500, 'unexpected'],
  ['a thrown string', 500, 'unexpected'],
])('%s is %i %s', (error, status, code) => {
  const mapped = httpError(error, 'err_1')
  expect(mapped).toMatchObject({ status, body: { error: { code } }, unexpected: status === 500 })
  expect(JSON.stringify(mapped.body)).not.toMatch(/relation|function|inside|thrown|refused/)
})

test('each says where to look next', () => {
  expect(httpError(zodError, '').body.error.message).toMatch(/^edits\.title: /)
  expect(httpError(withCode('x', '08006'), '').headers).toEqual({ 'retry-after': '5' })
  expect(httpError(new Error('x'), 'err_77').body.error.message).toContain('err_77')
  expect(httpError(new ConflictError('Call +14155550123'), '').body.error.message).toBe('Call +1415•••0123')
})
