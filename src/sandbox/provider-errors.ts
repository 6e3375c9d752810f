/** How each provider words a failure of its own: the bodies of 429 and 5xx. */
import { randomUUID } from 'node:crypto'
import type { Provider } from './faults.ts'

/**
 * A provider's own error answer.
 * @param code the provider's error code; absent, the usual one for the status
 * @param retryAfterS seconds for `Retry-After`; absent, no header
 */
export function providerError(
  provider: Provider,
  status: number,
  options: { code?: string | number | undefined; retryAfterS?: number | undefined } = {},
): Response {
  const headers: Record<string, string> = {}
  if (provider === 'mailchimp') headers['content-type'] = 'application/problem+json; charset=utf-8'
  if (options.retryAfterS !== undefined) headers['retry-after'] = String(options.retryAfterS)
  return Response.json(errorBody(provider, status, options.code), { status, headers })
}

/** Whether the provider's own 429 says in `Retry-After` how long to wait. Mailchimp's does not; for Luma's none is documented. */
export function saysRetryAfter(provider: Provider): boolean {
  return provider !== 'mailchimp' && provider !== 'luma' && provider !== 'pagerduty'
}

function errorBody(provider: Provider, status: number, code: string | number | undefined): unknown {
  const limited = status === 429
  switch (provider) {
    case 'twilio': {
      const number = code ?? (limited ? 20429 : 20500)
      return {
        code: number,
        message: limited ? 'Too Many Requests' : 'An internal server error has occurred',
        more_info: `https://www.twilio.com/docs/errors/${number}`,
        status,
      }
    }
    case 'slack':
      return { ok: false, error: code ?? (limited ? 'ratelimited' : 'internal_error') }
    case 'openai':
      return { error: openaiError(status, code) }
    case 'circle':
      return {
        success: false,
        message: limited
          ? 'You have reached the rate limit. Please try again later.'
          : 'Something went wrong.',
        error_details: {},
      }
    case 'mailchimp':
      return {
        type: 'https://mailchimp.com/developer/marketing/docs/errors/',
        title: limited ? 'Too Many Requests' : 'InternalServerError',
        status,
        detail: limited
          ? 'You have exceeded the limit of 10 simultaneous connections.'
          : 'An unexpected internal error has occurred. Please contact Support for more information.',
        instance: randomUUID(),
      }
    case 'luma':
      return { message: limited ? 'Too many requests.' : 'Something went wrong.' }
    case 'stripe':
      return {
        error: limited
          ? {
              type: 'invalid_request_error',
              code: code ?? 'rate_limit',
              message: 'Request rate limit exceeded.',
            }
          : { type: 'api_error', message: 'An unknown error occurred.', ...(code ? { code } : {}) },
      }
    case 'pagerduty':
      return {
        status: limited ? 'throttle exceeded' : 'error',
        message: limited ? 'Requests for this service are arriving too quickly.' : 'Internal Server Error',
        errors: [],
      }
    // Its errors are reply codes of SMTP; it is not spoken to by HTTP.
    case 'email':
      return {}
    case 'clerk':
      return {
        errors: [
          limited
            ? { code: code ?? 'too_many_requests', message: 'Too many requests. Please try again in a bit.' }
            : { code: code ?? 'internal_clerk_error', message: 'Something went wrong.' },
        ],
        clerk_trace_id: 'sandbox',
      }
  }
}

function openaiError(status: number, code: string | number | undefined): Record<string, unknown> {
  if (status !== 429) {
    const message = 'The server had an error while processing your request. Sorry about that!'
    return { message, type: 'server_error', param: null, code: code ?? null }
  }
  if (code === 'insufficient_quota') {
    const message = 'You exceeded your current quota, please check your plan and billing details.'
    return { message, type: 'insufficient_quota', param: null, code }
  }
  const message = 'Rate limit reached for requests. Please try again in 1s.'
  return { message, type: 'requests', param: null, code: code ?? 'rate_limit_exceeded' }
}
