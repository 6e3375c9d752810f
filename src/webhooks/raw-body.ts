import type { Context } from 'hono'

/** Bodies above this are refused before they are read whole. */
const BODY_LIMIT_BYTES = 1024 * 1024

/** The bytes as they were sent; signatures cover these and nothing else. Null: more than the limit. */
export async function readRawBody(context: Context): Promise<Uint8Array | null> {
  if (Number(context.req.header('content-length') ?? 0) > BODY_LIMIT_BYTES) return null
  const body = context.req.raw.body
  if (!body) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > BODY_LIMIT_BYTES) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Form fields in the order they came, repeated ones kept. */
export function formFields(rawBody: Uint8Array): [string, string][] {
  return [...new URLSearchParams(new TextDecoder().decode(rawBody))]
}
