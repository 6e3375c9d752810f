import { z } from 'zod'
import { isRecord, MINUTE_MS, NeverRetryError, SECOND_MS } from '../../primitives/index.ts'
import type { CircleConnector, CirclePost, Gate } from '../contract.ts'
import { type Failure, orNull, retryAfterMs, statusFailure } from '../failures.ts'
import { createHttpClient, type ErrorAnswer, type HttpClient } from '../http-client.ts'
import { endsWithMarker, postBody } from './post-body.ts'

export type CircleSettings = {
  token: string
  spaceId: number
  /** `Token` in Circle's specification, `Bearer` in its quick start: both are said to work. */
  authScheme?: string | undefined
  /** What replaces `https://app.circle.so`; may have a path prefix. */
  apiUrl?: string | undefined
  timeoutMs?: number | undefined
}

/** Our clock and Circle's may differ by this much. */
const CLOCK_SKEW_MS = 5 * MINUTE_MS
/** Circle sends no Retry-After; its window is 5 minutes, of which a minute frees enough. */
const RATE_LIMIT_PAUSE_MS = MINUTE_MS
const PAGE_SIZE = 50

const postSchema = z.object({
  id: z.union([z.number(), z.string()]).transform(String),
  url: z.string().min(1),
})
const createdSchema = z.object({ post: postSchema })
const deletedSchema = z.looseObject({ success: z.boolean() })
const pageSchema = z.object({
  has_next_page: z.boolean(),
  records: z.array(
    postSchema.extend({
      created_at: z.string(),
      name: z.string().nullish(),
      body: z.object({ body: z.string().nullish() }).nullish(),
    }),
  ),
})

/** Circle's Admin API v2, for which there is no SDK. https://api-headless.circle.so (2026-11) */
export function createCircleConnector(settings: CircleSettings, gate: Gate): CircleConnector {
  const request = createHttpClient({
    provider: 'circle',
    gate,
    baseUrl: settings.apiUrl ?? 'https://app.circle.so',
    headers: { authorization: `${settings.authScheme ?? 'Token'} ${settings.token}` },
    timeoutMs: settings.timeoutMs ?? 15 * SECOND_MS,
    failureOf: circleFailure,
  })
  return {
    async createPost({ title, paragraphs, marker }) {
      const { post } = await request({
        operation: 'create post',
        effect: 'once',
        method: 'POST',
        path: '/api/admin/v2/posts',
        body: {
          space_id: settings.spaceId,
          status: 'published',
          name: title,
          tiptap_body: { body: postBody(paragraphs, marker) },
        },
        answer: createdSchema,
      })
      return { id: post.id, url: post.url }
    },
    async deletePost(id) {
      const deleting = request({
        operation: 'delete post',
        effect: 'repeatable',
        method: 'DELETE',
        path: `/api/admin/v2/posts/${encodeURIComponent(id)}`,
        answer: deletedSchema,
      })
      await orNull(deleting, ({ status }) => status === 404)
    },
    findPost: ({ marker, title, sinceMs }) =>
      findPost(request, settings.spaceId, { marker, title, sinceMs: sinceMs - CLOCK_SKEW_MS }),
  }
}

/** Reads the space newest first, until a whole page is older than `sinceMs` (one old post may be pinned on top). */
async function findPost(
  request: HttpClient,
  spaceId: number,
  { marker, title, sinceMs }: { marker: string; title: string; sinceMs: number },
): Promise<CirclePost | null> {
  for (let page = 1; ; page += 1) {
    const { records, has_next_page } = await request({
      operation: 'list posts',
      effect: 'repeatable',
      method: 'GET',
      path: '/api/admin/v2/posts',
      query: { space_id: spaceId, status: 'all', sort: 'latest', page, per_page: PAGE_SIZE },
      answer: pageSchema,
    })
    const recent = records.filter((post) => !(Date.parse(post.created_at) < sinceMs))
    const found = recent.find((post) => endsWithMarker(post.body?.body ?? '', marker))
    if (found) return { id: found.id, url: found.url }
    // A list without bodies cannot show the marker: then a post of this title may be ours, and nobody can tell.
    if (recent.some((post) => post.name === title && !post.body?.body)) {
      throw new NeverRetryError(
        'Circle lists a post of this title without its text: look there whether it is ours.',
      )
    }
    if (!has_next_page || recent.length === 0) return null
  }
}

function circleFailure({ status, body, retryAfter, operation }: ErrorAnswer): Failure {
  return statusFailure(status, {
    code: null,
    retryAfterMs: retryAfterMs(retryAfter, RATE_LIMIT_PAUSE_MS),
    explanation: explainCircleRefusal(status, body, operation),
  })
}

/** What a refusal of Circle's means and what to do. Circle's own message is quoted: it names fields, never people. */
function explainCircleRefusal(status: number, body: unknown, operation: string): string {
  const message =
    isRecord(body) && typeof body.message === 'string' ? ` Circle says: “${body.message.slice(0, 200)}”.` : ''
  switch (status) {
    case 401:
      return 'Circle refused the token: check CIRCLE_API_TOKEN (and CIRCLE_AUTH_SCHEME).'
    case 403:
      return `Circle does not allow this: the plan must include the Admin API and the token’s owner be an admin.${message}`
    case 404:
      return `Circle knows no such space: check CIRCLE_SPACE_ID.${message}`
    case 422:
      return `Circle refused the content of the post.${message}`
    default:
      return `Circle refused to ${operation} (HTTP ${status}).${message}`
  }
}
