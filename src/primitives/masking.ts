/** Masking of phone numbers and e-mail addresses, so that logs, errors and step outputs never carry them in clear. */

/** No longer before the @ than 255, which is more than mail allows: a long word without one is not read again and again. */
const EMAIL = /([\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]{0,255}@([\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+)/gu
/**
 * Ten to fifteen digits with the separators that people put between them, or six to fifteen after a plus, not part of a
 * longer word or number: phone numbers as they are written anywhere. Times, amounts and ids have other shapes.
 */
const PHONE = /(?<![\w.])(?:\+\(?\d(?:[\s().-]{0,2}\d){5,}|\(?\d(?:[\s().-]{0,2}\d){9,})(?!\w)/g
const MOST_DIGITS = 15

/** `+14155550123` → `+1415•••0123`: enough to recognise one's own number, not enough to call it. */
export function maskPhone(phone: string): string {
  if (phone.length < 8) return '•••'
  return `${phone.slice(0, Math.min(5, phone.length - 6))}•••${phone.slice(-4)}`
}

/** `jo@example.org` → `j•••@example.org`. */
function maskEmail(email: string): string {
  return email.replace(EMAIL, '$1•••@$2')
}

/** Masks every e-mail address and phone number inside free text. */
export function maskPersonalData(text: string): string {
  return maskEmail(text).replace(PHONE, (written) => {
    const digits = written.replaceAll(/\D/g, '')
    if (digits.length > MOST_DIGITS) return written
    return written.startsWith('+') ? maskPhone(`+${digits}`) : `•••${digits.slice(-4)}`
  })
}

/** Masks every string inside a JSON value, to any depth; keys stay. */
export function maskJson(value: unknown): unknown {
  if (typeof value === 'string') return maskPersonalData(value)
  if (Array.isArray(value)) return value.map(maskJson)
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, maskJson(inner)]))
  }
  return value
}
