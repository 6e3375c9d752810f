import { HTTPException } from 'hono/http-exception'
import { z } from 'zod'
import { BadInputError, parseJson } from '../primitives/index.ts'
import type { ServerContext } from './parts.ts'

/** JSON bodies above this are refused before they are read whole. */
export const JSON_LIMIT_BYTES = 256 * 1024
export const PAGE_SIZE = 50

/** Text that PostgreSQL can hold: it knows no zero byte. */
export function textSchema(limits: { min?: number; max: number }) {
  return z
    .string()
    .trim()
    .min(limits.min ?? 0, limits.min === 1 ? 'must not be empty' : undefined)
    .max(limits.max, `is at most ${limits.max} characters`)
    .refine((text) => !text.includes('\u0000'), 'must not contain a zero byte')
}

/**
 * The request's JSON body, checked.
 * @throws BadInputError when it is not JSON; ZodError when it has another shape
 */
export async function readBody<T>(context: ServerContext, schema: z.ZodType<T>): Promise<T> {
  const value = parseJson(await context.req.text())
  if (value === undefined) throw new BadInputError('The body is not JSON.')
  return schema.parse(value)
}

/** The parameter of the path. @throws HTTPException 404 for ids that none of ours can be */
export function pathId(context: ServerContext, name = 'id'): string {
  const id = context.req.param(name)
  if (!id || id.length > 300 || id.includes('\u0000'))
    throw new HTTPException(404, { message: 'There is no such thing.' })
  return id
}

/** Where a page ends: a time and, because times repeat, an id. */
export type Cursor = { at: Date; id: string }

const LAST_MS = Date.UTC(9999, 11, 31)
/** As long as the longest id of a run. */
const cursorSchema = z.tuple([z.int().min(0).max(LAST_MS), z.string().min(1).max(300)])

/** An opaque text that continues a list after this row. */
export function writeCursor(at: Date, id: string): string {
  return Buffer.from(JSON.stringify([at.getTime(), id])).toString('base64url')
}

/** Null when there is none. @throws BadInputError when it is not one of ours */
export function readCursor(text: string | undefined): Cursor | null {
  if (text === undefined || text === '') return null
  const parsed = cursorSchema.safeParse(parseJson(Buffer.from(text, 'base64url').toString()))
  if (!parsed.success || parsed.data[1].includes('\u0000'))
    throw new BadInputError('cursor: this is not a place in the list. Begin at its first page.')
  return { at: new Date(parsed.data[0]), id: parsed.data[1] }
}

/** The query without the parameters that say nothing: `?q=` is no search, nor is one for a space. */
export function emptyIsAbsent(query: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value.trim() !== ''))
}
