/** Luma's answers: an error is `{message}`, a list is a page with an opaque cursor. */
import { isRecord } from '../../primitives/index.ts'
import type { Fields } from '../pipeline.ts'

export type LumaAnswer = { status: number; body: Record<string, unknown> }

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 100

/** The refusal with this message. */
export function refuse(status: number, message: string): LumaAnswer {
  return { status, body: { message } }
}

/**
 * One page of a list. The cursor names the last object that was shown, so that who is approved while the pages are read
 * makes nobody be skipped.
 * @param objects all of them, in order, those that the filter leaves out too
 */
export function page<T extends { id: string }>(
  objects: T[],
  fields: Fields,
  isShown: (object: T) => boolean,
  show: (object: T) => Record<string, unknown>,
): LumaAnswer {
  const limit = fields.pagination_limit === undefined ? DEFAULT_LIMIT : Number(fields.pagination_limit)
  if (!(limit >= 1)) return refuse(400, 'pagination_limit must be a positive number.')
  const count = Math.min(MAX_LIMIT, Math.floor(limit))
  const after = lastShown(fields.pagination_cursor)
  const start = after === null ? 0 : objects.findIndex(({ id }) => id === after) + 1
  if (after !== null && start === 0) return refuse(400, 'Invalid pagination_cursor.')

  const entries: T[] = []
  let hasMore = false
  for (let index = start; index < objects.length && !hasMore; index++) {
    const object = objects[index]
    if (object === undefined || !isShown(object)) continue
    if (entries.length < count) entries.push(object)
    else hasMore = true
  }
  const last = entries.at(-1)
  return {
    status: 200,
    body: {
      entries: entries.map(show),
      has_more: hasMore,
      ...(hasMore && last && { next_cursor: cursorAfter(last.id) }),
    },
  }
}

function cursorAfter(id: string): string {
  return Buffer.from(JSON.stringify({ after: id })).toString('base64url')
}

/** Null when there is no cursor; of something that is none, an id that nothing has. */
function lastShown(cursor: unknown): string | null {
  if (cursor === undefined || cursor === '') return null
  try {
    const read: unknown = JSON.parse(Buffer.from(String(cursor), 'base64url').toString('utf8'))
    return isRecord(read) && typeof read.after === 'string' ? read.after : ''
  } catch {
    return ''
  }
}
