import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { secureHeaders } from 'hono/secure-headers'
import { NotAllowedError } from '../primitives/index.ts'
import type { ApiError } from './contract.ts'
import { JSON_LIMIT_BYTES } from './request.ts'

/**
 * Headers of every answer. Scripts, fonts and connections are our own only; styles may be inline, because positioned
 * popups measure and place themselves that way; images may be `data:`, which is how texted pictures arrive.
 */
export function securityHeaders(publicUrl: string): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      fontSrc: ["'self'"],
      connectSrc: ["'self'"],
      manifestSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      objectSrc: ["'none'"],
    },
    xFrameOptions: 'DENY',
    referrerPolicy: 'no-referrer',
    strictTransportSecurity: publicUrl.startsWith('https:') ? 'max-age=31536000' : false,
    permissionsPolicy: { camera: [], microphone: [], geolocation: [], payment: [] },
  })
}

const READING = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses requests that change something when a browser says that another site made them. Requests that carry neither
 * header come from programs, which no other site can make send our cookie.
 * https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
export function sameOriginOnly(publicUrl: string): MiddlewareHandler {
  const publicOrigin = new URL(publicUrl).origin
  return async (context, next) => {
    if (!READING.has(context.req.method)) {
      const site = context.req.header('sec-fetch-site')
      const origin = context.req.header('origin')
      const own =
        origin === undefined || origin === publicOrigin || hostOf(origin) === context.req.header('host')
      if (!own || (site !== undefined && site !== 'same-origin' && site !== 'none'))
        throw new NotAllowedError('This request came from another site, so nothing was done.')
    }
    await next()
  }
}

/** Refuses JSON bodies above the limit before they are read whole. */
export function jsonBodyLimit(): MiddlewareHandler {
  return bodyLimit({
    maxSize: JSON_LIMIT_BYTES,
    onError: (context) =>
      context.json<ApiError>(
        { error: { code: 'too_large', message: 'The body is larger than 256 KiB.' } },
        413,
      ),
  })
}

/** Answers of the API are about one person at one moment: nobody keeps them. */
export function notCached(): MiddlewareHandler {
  return async (context, next) => {
    await next()
    if (!context.res.headers.has('cache-control')) context.res.headers.set('cache-control', 'no-store')
  }
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}
