import * as crypto from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { isBearer, isSecret } from './bearer.ts'

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof crypto>()
  return { ...real, timingSafeEqual: vi.fn(real.timingSafeEqual) }
})

const SECRET = 'the-secret-of-the-scheduler'

test.each([
  ['the secret', `Bearer ${SECRET}`, true],
  ['in small letters', `bearer ${SECRET}`, true],
  ['with space around it', `  Bearer ${SECRET} `, true],
  ['nothing', undefined, false],
  ['an empty header', '', false],
  ['an empty bearer', 'Bearer ', false],
  ['the secret alone', SECRET, false],
  ['another scheme', `Basic ${SECRET}`, false],
  ['the beginning of it', `Bearer ${SECRET.slice(0, -1)}`, false],
  ['more than it', `Bearer ${SECRET}x`, false],
  ['twice', `Bearer ${SECRET}, Bearer ${SECRET}`, false],
])('%s: %s', (_name, header, right) => {
  expect(isBearer(header, SECRET)).toBe(right)
})

test('an empty secret lets nobody in', () => {
  expect(isSecret('', '')).toBe(false)
})

// A comparison that ends at the first wrong byte tells how much was right. This one is of two digests, in constant time,
// so it takes as long for anything that may be given; and both doors (`events.ts`, `scheduled-jobs.ts`) come through here.
test('whatever is given, two digests of one length are compared in constant time', () => {
  const compare = vi.mocked(crypto.timingSafeEqual)
  for (const given of [SECRET, SECRET.slice(0, 3), 'x', '', 'x'.repeat(100_000)]) {
    compare.mockClear()
    isSecret(given, SECRET)
    expect(compare).toHaveBeenCalledOnce()
    expect(compare.mock.calls[0]?.map((bytes) => bytes.byteLength)).toEqual([32, 32])
  }
})
