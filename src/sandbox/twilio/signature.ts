import { createHmac } from 'node:crypto'

/**
 * `X-Twilio-Signature` of a form POST: base64 HMAC-SHA1, keyed with the account's auth token, over the URL followed
 * by every key and value, sorted by key. https://www.twilio.com/docs/usage/security#validating-requests
 */
export function twilioSignature(authToken: string, url: string, form: Record<string, string>): string {
  const keys = Object.keys(form).sort()
  const signed = url + keys.map((key) => key + form[key]).join('')
  return createHmac('sha1', authToken).update(signed, 'utf8').digest('base64')
}
