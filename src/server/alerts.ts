/** The alerts' routes: see `alerts-contract.ts`. */
import { and, desc, eq, gt, inArray, ne, sql } from 'drizzle-orm'
import { z } from 'zod'
import { type Database, tables } from '../database/index.ts'
import {
  type ActionParts,
  acknowledgeAlert,
  actPathOf,
  CHANNELS,
  holdsThroughout,
  muteRule,
  SEVERITIES,
  testRule,
} from '../monitoring/alerts/index.ts'
import { BadInputError, DAY_MS, maskPersonalData, NotFoundError } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { AlertNotice, AlertRuleView, AlertsPage, AlertView, RunbookAnswer } from './alerts-contract.ts'
import type { ServerContext, ServerParts } from './parts.ts'
import { emptyIsAbsent, PAGE_SIZE, pathId, readBody, readCursor, textSchema, writeCursor } from './request.ts'

/** What the routes work with. */
export type AlertDesk = ActionParts & {
  /** The text of a runbook's page; null for none here. */
  readRunbook(runbook: string | null): string | null
}

type AlertRow = typeof tables.alerts.$inferSelect
type NoticeRow = typeof tables.alertNotices.$inferSelect
type Parts = Pick<ServerParts, 'database' | 'alerts' | 'clock'>

const querySchema = z.object({
  rule: textSchema({ max: 100 }).optional(),
  severity: z.enum(SEVERITIES).optional(),
  cursor: z.string().optional(),
})
const muteSchema = z.object({ until: z.iso.datetime({ offset: true }).nullable() })
const LONGEST_MUTE_MS = 90 * DAY_MS
/** Far above what anybody could look at: a rule about each job fires for each. */
const MOST_OPEN = 200

/** `GET /api/alerts?rule=&severity=&cursor=` */
export function listAlerts(parts: Parts): RouteHandler {
  return async (context) => {
    const filter = querySchema.parse(emptyIsAbsent(context.req.query()))
    const [open, history, rules] = await Promise.all([
      readOpen(parts.database),
      readHistory(parts.database, filter),
      viewRules(parts),
    ])
    const page = history.slice(0, PAGE_SIZE)
    const last = page.at(-1)
    const notices = await noticesOf(parts.database, [...open, ...page])
    const view = (alert: AlertRow) => viewAlert(parts, alert, notices.get(alert.id) ?? [])
    return context.json<AlertsPage>({
      open: open.map(view),
      rules,
      channels: CHANNELS.map((channel) => {
        const state = parts.alerts.channels[channel]
        return { channel, problem: state.on ? null : state.why }
      }),
      history: {
        items: page.map(view),
        nextCursor: last && history.length > PAGE_SIZE ? writeCursor(last.firedAt, last.id) : null,
      },
    })
  }
}

/** `POST /api/alerts/:id/acknowledge` */
export function acknowledge(parts: Parts): RouteHandler {
  return async (context) => {
    await acknowledgeAlert(parts.alerts, pathId(context), actorOf(context))
    return context.json({})
  }
}

/** `POST /api/alerts/rules/:name/mute {until}` */
export function mute(parts: Parts): RouteHandler {
  return async (context) => {
    const { until } = await readBody(context, muteSchema)
    const untilMs = until === null ? null : Date.parse(until)
    const nowMs = parts.clock.now() - parts.clock.offsetMs()
    if (untilMs !== null && untilMs <= nowMs)
      throw new BadInputError('until: this is in the past. Choose a later time.')
    if (untilMs !== null && untilMs > nowMs + LONGEST_MUTE_MS)
      throw new BadInputError(
        'until: a rule can be muted for 90 days at most. Take it out of alerts.yaml instead.',
      )
    await muteRule(parts.alerts, pathId(context, 'name'), untilMs, actorOf(context))
    return context.json({})
  }
}

/** `POST /api/alerts/rules/:name/test` */
export function test(parts: Parts): RouteHandler {
  return async (context) =>
    context.json(await testRule(parts.alerts, pathId(context, 'name'), actorOf(context)))
}

/** `GET /api/alerts/rules/:name/runbook` */
export function readRunbookPage(parts: Parts): RouteHandler {
  return async (context) => {
    const name = pathId(context, 'name')
    const runbook = parts.alerts.rules.find((rule) => rule.name === name)?.runbook ?? null
    if (runbook === null) throw new NotFoundError('There is no runbook for this rule.')
    const text = parts.alerts.readRunbook(runbook)
    return context.json<RunbookAnswer>({ text, url: runbook.startsWith('http') ? runbook : null })
  }
}

async function readOpen({ db }: Database): Promise<AlertRow[]> {
  const { alerts } = tables
  const rows = await db
    .select()
    .from(alerts)
    .where(ne(alerts.status, 'resolved'))
    .orderBy(desc(alerts.firedAt))
    .limit(MOST_OPEN)
  // What nobody has taken on first, then by how bad it is, then the newest.
  const rank = ({ status, severity }: AlertRow) =>
    (status === 'firing' ? 10 : 0) + SEVERITIES.indexOf(severity)
  return rows.sort((a, b) => rank(b) - rank(a))
}

function readHistory({ db }: Database, filter: z.infer<typeof querySchema>): Promise<AlertRow[]> {
  const { alerts } = tables
  const cursor = readCursor(filter.cursor)
  return db
    .select()
    .from(alerts)
    .where(
      and(
        eq(alerts.status, 'resolved'),
        filter.rule === undefined ? undefined : eq(alerts.rule, filter.rule),
        filter.severity === undefined ? undefined : eq(alerts.severity, filter.severity),
        cursor
          ? sql`(${alerts.firedAt}, ${alerts.id}) < (${cursor.at.toISOString()}::timestamptz, ${cursor.id})`
          : undefined,
      ),
    )
    .orderBy(desc(alerts.firedAt), desc(alerts.id))
    .limit(PAGE_SIZE + 1)
}

async function noticesOf({ db }: Database, alerts: readonly AlertRow[]): Promise<Map<string, NoticeRow[]>> {
  if (alerts.length === 0) return new Map()
  const { alertNotices } = tables
  const rows = await db
    .select()
    .from(alertNotices)
    .where(
      inArray(
        alertNotices.alertId,
        alerts.map(({ id }) => id),
      ),
    )
    .orderBy(alertNotices.createdAt, alertNotices.id)
  return Map.groupBy(rows, ({ alertId }) => alertId)
}

function viewAlert({ alerts: desk }: Parts, alert: AlertRow, notices: readonly NoticeRow[]): AlertView {
  const rule = desk.rules.find(({ name }) => name === alert.rule)
  const { acknowledgedAt } = alert
  return {
    id: alert.id,
    rule: alert.rule,
    cause: alert.cause === '' ? null : alert.cause,
    severity: alert.severity,
    status: alert.status,
    summary: alert.summary,
    firedAt: alert.firedAt.toISOString(),
    quietSince: alert.quietSince?.toISOString() ?? null,
    acknowledged: acknowledgedAt && {
      by: alert.acknowledgedByName ?? 'Somebody',
      at: acknowledgedAt.toISOString(),
    },
    resolvedAt: alert.resolvedAt?.toISOString() ?? null,
    resolution: alert.resolution,
    notices: notices.map(viewNotice),
    actPath: rule ? actPathOf(rule, alert.cause) : null,
    hasRunbook: rule?.runbook != null,
  }
}

function viewNotice({ channel, about, status, problem, settledAt, createdAt }: NoticeRow): AlertNotice {
  const at = (settledAt ?? createdAt).toISOString()
  return { channel, about, status, problem: problem === null ? null : maskPersonalData(problem), at }
}

async function viewRules({ database, alerts: desk, clock }: Parts): Promise<AlertRuleView[]> {
  const { alertNotices, alertRuleStates } = tables
  const nowMs = clock.now() - clock.offsetMs()
  const [states, tests] = await Promise.all([
    database.db.select().from(alertRuleStates),
    database.db
      .select()
      .from(alertNotices)
      .where(and(eq(alertNotices.about, 'test'), gt(alertNotices.createdAt, new Date(nowMs - DAY_MS))))
      .orderBy(desc(alertNotices.createdAt), alertNotices.id),
  ])
  const byRule = new Map(states.map((state) => [state.rule, state]))
  return desk.rules.map((rule) => {
    const state = byRule.get(rule.name)
    const isMuted = state?.mutedUntil != null && state.mutedUntil.getTime() > nowMs
    return {
      name: rule.name,
      condition: rule.text,
      windowMs: rule.windowMs,
      throughout: holdsThroughout(rule.condition),
      minSamples: rule.minSamples,
      severity: rule.severity,
      notify: [...rule.notify],
      hasRunbook: rule.runbook !== null,
      mutedUntil: isMuted ? (state.mutedUntil?.toISOString() ?? null) : null,
      mutedBy: isMuted ? state.mutedByName : null,
      judgement: state?.judgement ?? null,
      seen: state?.seen ?? null,
      judgedAt: state?.judgedAt?.toISOString() ?? null,
      lastTest: latestTest(tests, rule.name),
    }
  })
}

/** Newest first come the notices of all tests; those of one test share what stands for the alert, which names the rule. */
function latestTest(tests: readonly NoticeRow[], rule: string): AlertNotice[] {
  const own = tests.filter(({ alertId }) => alertId.endsWith(`/${rule}`))
  return own.filter(({ alertId }) => alertId === own[0]?.alertId).map(viewNotice)
}

function actorOf(context: ServerContext): { kind: 'dashboard'; id: string; name: string } {
  const { id, name } = context.get('person')
  return { kind: 'dashboard', id, name }
}
