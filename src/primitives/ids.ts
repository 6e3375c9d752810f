import { createHash, randomBytes } from 'node:crypto'

/** Crockford's base 32: no I, L, O or U, so a code read aloud over the phone is not misheard. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A new random id with a prefix that says what it names, e.g. `sub_7ZK3…`: 80 random bits. */
export function newId(prefix: string): string {
  return `${prefix}_${encode(randomBytes(10), 16)}`
}

/**
 * A short reference code that a person can read aloud, e.g. `KK-7F3QA`. The same seed and attempt give the same
 * code; raise `attempt` when the code is taken.
 */
export function referenceCode(seed: string, attempt: number): string {
  const digest = createHash('sha256').update(`${seed}#${attempt}`).digest()
  return `KK-${encode(digest, 5)}`
}

function encode(bytes: Uint8Array, length: number): string {
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5 && text.length < length) {
      bits -= 5
      text += ALPHABET[(value >> bits) & 31]
      value &= (1 << bits) - 1
    }
  }
  return text
}
