import { createHmac } from 'node:crypto'

/** A form as Twilio sends it, with its signature: base64(HMAC-SHA1(token, URL and every field, sorted)). */
export function twilioForm(request: { url: string; authToken: string; fields: Record<string, string> }): {
  form: URLSearchParams
  signature: string
} {
  const signed =
    request.url +
    Object.keys(request.fields)
      .sort()
      .map((name) => name + request.fields[name])
      .join('')
  return {
    form: new URLSearchParams(request.fields),
    signature: createHmac('sha1', request.authToken).update(signed).digest('base64'),
  }
}
