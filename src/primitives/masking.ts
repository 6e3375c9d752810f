/** Masking of phone numbers and e-mail addresses, so that logs, errors and step outputs never carry them in clear. */

const EMAIL = /([\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]*@([\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+)/gu
const E164 = /\+\d{6,15}\b/g
const NATIONAL_PHONE = /(?<![\w-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])/g

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
  return maskEmail(text)
    .replace(E164, (phone) => maskPhone(phone))
    .replace(NATIONAL_PHONE, (phone) => `•••${phone.slice(-4)}`)
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
