/** What an attacker does to a request, and what the program shows of it afterwards. */
import { request as httpRequest } from 'node:http'
import type { SignedRequest } from './signed.ts'
import type { Stage } from './stage.ts'

/** One byte of the body is another. */
export function tampered(request: SignedRequest): SignedRequest {
  const at = request.body.length >> 1
  const other = request.body[at] === 'x' ? 'y' : 'x'
  return { ...request, body: request.body.slice(0, at) + other + request.body.slice(at + 1) }
}

/** With other headers; null: without. */
export function withHeaders(request: SignedRequest, headers: Record<string, string | null>): SignedRequest {
  const merged = Object.entries({ ...request.headers, ...headers })
  return { ...request, headers: Object.fromEntries(merged.flatMap(([k, v]) => (v === null ? [] : [[k, v]]))) }
}

/** Sends over a socket of its own: headers as lines (a list is several), and a body that may never end. */
export function raw(
  request: { url: string; headers: Record<string, string | string[]>; body: string },
  options: { end: boolean },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(request.url, { method: 'POST', agent: false, headers: request.headers })
    outgoing.on('response', (incoming) => {
      resolve(incoming.statusCode ?? 0)
      outgoing.destroy()
    })
    outgoing.on('error', reject)
    if (options.end) outgoing.end(request.body)
    else outgoing.write(request.body)
  })
}

/** With one header sent twice. @returns the status */
export function twice(request: SignedRequest, header: string): Promise<number> {
  const value = request.headers[header] ?? ''
  return raw({ ...request, headers: { ...request.headers, [header]: [value, value] } }, { end: true })
}

/** How many requests were turned away so far, by `<source> <reason>`. */
export async function refusalsCounted(stage: Stage): Promise<Map<string, number>> {
  const metrics = await (await fetch(`${stage.url}/metrics`)).text()
  const lines = metrics.matchAll(
    /^kinkeeper_webhook_refusals_total\{source="(.+?)",reason="(.+?)"\} (\d+)$/gm,
  )
  return new Map([...lines].map(([, source, reason, count]) => [`${source} ${reason}`, Number(count)]))
}

/** How many rows every table has: ours, the sign-in's and the engine's. Not the governor's, whose leases end by
 * themselves, nor numbers over time and the audit's anchors, which are taken whatever happens. */
export async function rowsEverywhere(stage: Stage): Promise<Record<string, number>> {
  const tables = await stage.rows<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
     and table_name not like 'provider\\_%'
     and table_name not in ('gauge_samples', 'run_stats', 'run_durations', 'audit_anchors') order by 1`,
  )
  const counts = await Promise.all(
    tables.map(async ({ name }) => [name, await stage.count(`from ${name}`)] as const),
  )
  return Object.fromEntries(counts)
}
