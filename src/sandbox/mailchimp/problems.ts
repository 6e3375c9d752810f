/** Mailchimp's errors: `application/problem+json`, told apart by their title. */
import { randomUUID } from 'node:crypto'

export type FieldError = { field: string; message: string }

/** An answer: null is 204. */
export type MailchimpAnswer = { status: number; body: Record<string, unknown> | null }

function problem(status: number, title: string, detail: string, errors?: FieldError[]): MailchimpAnswer {
  return {
    status,
    body: {
      type: 'https://mailchimp.com/developer/marketing/docs/errors/',
      title,
      status,
      detail,
      instance: randomUUID(),
      ...(errors && { errors }),
    },
  }
}

export const keyInvalid = (): MailchimpAnswer =>
  problem(
    401,
    'API Key Invalid',
    "Your API key may be invalid, or you've attempted to access the wrong datacenter.",
  )

export const notFound = (): MailchimpAnswer =>
  problem(404, 'Resource Not Found', 'The requested resource could not be found.')

export const invalidResource = (errors: FieldError[]): MailchimpAnswer =>
  problem(
    400,
    'Invalid Resource',
    "The resource submitted could not be validated. For field-specific details, see the 'errors' array.",
    errors,
  )

export const fakeAddress = (email: string): MailchimpAnswer => {
  const message = `${email} looks fake or invalid, please enter a real email address.`
  return problem(400, 'Invalid Resource', message, [{ field: 'email_address', message }])
}

export const addressTaken = (email: string): MailchimpAnswer => {
  const message = `${email} is already a list member. Use PUT to insert or update list members.`
  return problem(400, 'Invalid Resource', message, [{ field: 'email_address', message }])
}

export const inComplianceState = (email: string): MailchimpAnswer =>
  problem(
    400,
    'Member In Compliance State',
    `${email} is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed.`,
  )

export const forgotten = (email: string): MailchimpAnswer =>
  problem(
    400,
    'Forgotten Email Not Subscribed',
    `${email} was permanently deleted and cannot be re-imported. The contact must re-subscribe to get back on the list.`,
  )

export const alreadyQueued = (): MailchimpAnswer =>
  problem(400, 'Bad Request', 'The subscriber has already been triggered for this email.')

/** An answer as it goes over the wire. */
export function respond({ status, body }: MailchimpAnswer): Response {
  if (body === null) return new Response(null, { status })
  const type = status >= 400 ? 'application/problem+json' : 'application/json'
  return Response.json(body, { status, headers: { 'content-type': `${type}; charset=utf-8` } })
}
