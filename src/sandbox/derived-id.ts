import { createHash, randomBytes } from 'node:crypto'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/**
 * An id that follows from what the object belongs to: a subscription's from its customer's, an invoice's from its
 * subscription's. A world made from a seed has the same ids every time, and goes on having them as it lives.
 * @param prefix with its underscore: `cus_`
 */
export function derivedId(prefix: string, ...origin: (string | number)[]): string {
  const digest = createHash('sha256').update(origin.join('/')).digest().subarray(0, 24)
  return prefix + [...digest].map((byte) => ALPHABET[byte % ALPHABET.length]).join('')
}

/** An id that nobody can foretell. */
export function randomId(prefix: string): string {
  return derivedId(prefix, randomBytes(16).toString('hex'))
}
