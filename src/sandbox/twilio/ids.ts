import { randomBytes } from 'node:crypto'

/** A new Twilio identifier: two letters that say what it names, and 32 hexadecimal digits. */
export function newSid(prefix: 'SM' | 'MM' | 'ME' | 'NO'): string {
  return prefix + randomBytes(16).toString('hex')
}
