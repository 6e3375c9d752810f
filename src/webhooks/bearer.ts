import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether a header is `Bearer <secret>`; takes as long for a wrong one as for the right one, of whatever length. */
export function isBearer(header: string | null | undefined, secret: string): boolean {
  const given = /^Bearer (.+)$/i.exec(header?.trim() ?? '')?.[1] ?? ''
  return isSecret(given, secret)
}

/** Whether two secrets are the same, in constant time. */
export function isSecret(given: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(secret)) && given !== ''
}
