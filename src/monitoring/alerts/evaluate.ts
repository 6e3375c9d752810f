/**
 * One evaluation of all rules: read, judge, and one transaction that changes alerts and starts the runs that tell of
 * them. Which process evaluates is decided anew each time by an advisory lock that ends with its transaction, so a
 * process that dies or freezes in the middle is out of the way within seconds, and a restart changes nothing: all that
 * is remembered is in the tables.
 */
import { and, eq, inArray, max, ne, sql } from 'drizzle-orm'
import { announceChange, type Database, type Transaction, tables } from '../../database/index.ts'
import type { RunStarter } from '../../engine/index.ts'
import { describeDuration, newId, SECOND_MS } from '../../primitives/index.ts'
import type { ChannelStates } from './channels.ts'
import { selectorOf } from './conditions.ts'
import { causesOf, judge, type Verdict } from './judge.ts'
import { nextStep, quietMsOf } from './lifecycle.ts'
import type { NoticeJob } from './notice-job.ts'
import { loadReadings } from './readings.ts'
import type { AlertRule } from './rules.ts'
import { startNotices } from './start-notices.ts'

export type EvaluationParts = {
  database: Database
  rules: readonly AlertRule[]
  channels: ChannelStates
  starter: () => Pick<RunStarter, 'start'>
  notices: NoticeJob
}

export type AlertRow = typeof tables.alerts.$inferSelect

const LOCK_KEY = 7_270_001
/** Between two evaluations, of whichever process. */
export const EVALUATE_EVERY_MS = 15 * SECOND_MS
/** Timers are never exact; two processes that take turns must not evaluate twice. */
const SLACK_MS = 2 * SECOND_MS

/**
 * Evaluates all rules as of now.
 * @param nowMs the machine's time, epoch milliseconds
 * @returns false when another process is at it or has just been
 */
export async function evaluateRules(parts: EvaluationParts, nowMs: number): Promise<boolean> {
  return parts.database.transaction(async (tx) => {
    if (!(await takeTurn(tx, nowMs))) return false
    const open = await readOpenAlerts(tx)
    const readings = await loadReadings(tx.db, parts.rules, nowMs)
    const muted = await readMuted(tx, nowMs)
    const told = await readTold(tx, open)
    const judgements: Judgement[] = []
    for (const rule of parts.rules) {
      const own = open.filter((alert) => alert.rule === rule.name)
      const causes = [...new Set([...causesOf(rule, readings), ...own.map(({ cause }) => cause)])]
      const verdicts: Judged[] = []
      for (const cause of causes.filter((each) => isCauseOf(rule, each))) {
        const verdict = judge(rule, readings, nowMs, cause)
        const alert = own.find((each) => each.cause === cause) ?? null
        verdicts.push({ verdict, isOpen: alert !== null })
        // Muted, nobody is told; whoever is to be told is told once.
        const silent = muted.has(rule.name) || (alert !== null && told.has(alert.id))
        await follow(tx, parts, { rule, cause, alert, verdict, silent, muted: muted.has(rule.name), nowMs })
      }
      judgements.push({ rule: rule.name, judgedAt: new Date(nowMs), ...worstOf(verdicts) })
    }
    await recordJudgements(tx, judgements)
    await resolveOrphans(tx, parts, open, { muted, nowMs })
    return true
  })
}

async function takeTurn(tx: Transaction, nowMs: number): Promise<boolean> {
  // A process that is frozen in here loses its connection, and with it the lock.
  await tx.db.execute(sql`set local idle_in_transaction_session_timeout = '10s'`)
  const { rows } = await tx.db.execute<{ mine: boolean }>(
    sql`select pg_try_advisory_xact_lock(${LOCK_KEY}) as mine`,
  )
  if (!rows[0]?.mine) return false
  const { alertRuleStates } = tables
  const [last] = await tx.db.select({ at: max(alertRuleStates.judgedAt) }).from(alertRuleStates)
  const sinceMs = last?.at ? nowMs - last.at.getTime() : null
  // A time in the future is another machine's clock gone wrong: nothing to wait for.
  return sinceMs === null || sinceMs < 0 || sinceMs >= EVALUATE_EVERY_MS - SLACK_MS
}

function readOpenAlerts(tx: Transaction): Promise<AlertRow[]> {
  return tx.db.select().from(tables.alerts).where(ne(tables.alerts.status, 'resolved')).for('update')
}

async function readMuted(tx: Transaction, nowMs: number): Promise<Set<string>> {
  const { alertRuleStates } = tables
  const rows = await tx.db
    .select({ rule: alertRuleStates.rule })
    .from(alertRuleStates)
    .where(sql`${alertRuleStates.mutedUntil} > ${new Date(nowMs)}`)
  return new Set(rows.map(({ rule }) => rule))
}

/** The open alerts that somebody has been told of, or would have been on a channel that was off. */
async function readTold(tx: Transaction, open: readonly AlertRow[]): Promise<Set<string>> {
  if (open.length === 0) return new Set()
  const { alertNotices } = tables
  const ids = open.map(({ id }) => id)
  const rows = await tx.db
    .selectDistinct({ alertId: alertNotices.alertId })
    .from(alertNotices)
    .where(and(inArray(alertNotices.alertId, ids), eq(alertNotices.about, 'fired')))
  return new Set(rows.map(({ alertId }) => alertId))
}

/** A rule that is about each job has no alert for everything, and the other way round. */
function isCauseOf(rule: AlertRule, cause: string): boolean {
  return (selectorOf(rule.condition) === null) === (cause === '')
}

type Judged = { verdict: Verdict; isOpen: boolean }
type Situation = {
  rule: AlertRule
  cause: string
  alert: AlertRow | null
  verdict: Verdict
  /** Nobody is to be told that it fired. */
  silent: boolean
  muted: boolean
  nowMs: number
}

async function follow(tx: Transaction, parts: EvaluationParts, situation: Situation): Promise<void> {
  const { rule, alert, verdict, nowMs, muted, silent } = situation
  const quietMs = quietMsOf(rule)
  const known = alert && {
    status: alert.status === 'acknowledged' ? ('acknowledged' as const) : ('firing' as const),
    quietSinceMs: alert.quietSince?.getTime() ?? null,
  }
  const step = nextStep(known, verdict, nowMs, quietMs)
  switch (step.kind) {
    case 'fire':
      await tellOfFiring(tx, parts, rule, await fire(tx, situation), silent)
      return
    case 'stay':
      if (alert) await tellOfFiring(tx, parts, rule, alert, silent)
      return
    case 'disturb':
    case 'begin-quiet':
      if (!alert) return
      await setQuietSince(tx, alert, step.kind === 'disturb' ? null : new Date(nowMs))
      await tellOfFiring(tx, parts, rule, alert, silent)
      return
    case 'resolve':
      if (alert)
        await resolve(tx, parts, alert, {
          words: `${verdict.seen}; the condition has been false for ${describeDuration(quietMs)}`,
          rule,
          muted,
          nowMs,
        })
  }
}

async function fire(tx: Transaction, { rule, cause, verdict, nowMs }: Situation): Promise<AlertRow> {
  const row: AlertRow = {
    id: newId('alr'),
    rule: rule.name,
    cause,
    severity: rule.severity,
    status: 'firing',
    summary: verdict.seen,
    firedAt: new Date(nowMs),
    quietSince: null,
    acknowledgedAt: null,
    acknowledgedByName: null,
    resolvedAt: null,
    resolution: null,
  }
  await tx.db.insert(tables.alerts).values(row)
  await announceChange(tx, { topic: 'alert', id: row.id })
  return row
}

async function setQuietSince(tx: Transaction, alert: AlertRow, quietSince: Date | null): Promise<void> {
  await tx.db
    .update(tables.alerts)
    .set({ quietSince })
    .where(and(eq(tables.alerts.id, alert.id), ne(tables.alerts.status, 'resolved')))
}

/** Once in an alert's life; whoever has acknowledged it knows. */
async function tellOfFiring(
  tx: Transaction,
  parts: EvaluationParts,
  rule: AlertRule,
  alert: AlertRow,
  silent: boolean,
): Promise<void> {
  if (silent || alert.status !== 'firing') return
  await startNotices(tx, parts, alert, {
    about: 'fired',
    rule,
    channels: rule.notify,
    words: alert.summary,
    atMs: alert.firedAt.getTime(),
  })
}

type End = { words: string; rule: AlertRule | null; muted: boolean; nowMs: number }

/** Tells those who were told that it fired. Muting never keeps PagerDuty from closing what was opened there. */
async function resolve(
  tx: Transaction,
  parts: EvaluationParts,
  alert: AlertRow,
  { words, rule, muted, nowMs }: End,
): Promise<void> {
  const ended = await tx.db
    .update(tables.alerts)
    .set({ status: 'resolved', resolvedAt: new Date(nowMs), resolution: words })
    .where(and(eq(tables.alerts.id, alert.id), ne(tables.alerts.status, 'resolved')))
    .returning({ id: tables.alerts.id })
  if (ended.length === 0) return // read under a lock: only a row that was removed by hand gets here
  await announceChange(tx, { topic: 'alert', id: alert.id })
  const { alertNotices } = tables
  const told = await tx.db
    .select({ channel: alertNotices.channel })
    .from(alertNotices)
    .where(
      and(
        eq(alertNotices.alertId, alert.id),
        eq(alertNotices.about, 'fired'),
        inArray(alertNotices.status, ['pending', 'sent', 'failed']),
      ),
    )
  const channels = told.map(({ channel }) => channel).filter((channel) => !muted || channel === 'pagerduty')
  await startNotices(tx, parts, alert, { about: 'resolved', rule, channels, words, atMs: nowMs })
}

/** Alerts whose rule is no longer in the file, or is now about something else. */
async function resolveOrphans(
  tx: Transaction,
  parts: EvaluationParts,
  open: readonly AlertRow[],
  { muted, nowMs }: { muted: ReadonlySet<string>; nowMs: number },
): Promise<void> {
  for (const alert of open) {
    const rule = parts.rules.find(({ name }) => name === alert.rule) ?? null
    if (rule && isCauseOf(rule, alert.cause)) continue
    const words = rule
      ? 'The rule has been changed and is judged differently now'
      : 'The rule has been taken out of the file'
    await resolve(tx, parts, alert, { words, rule: null, muted: muted.has(alert.rule), nowMs })
  }
}

type Judgement = { rule: string; judgedAt: Date; judgement: Verdict['fires']; seen: string }

/** What the dashboard shows as the rule's present state: of several causes, the one that is worst. */
function worstOf(judged: readonly Judged[]): Pick<Judgement, 'judgement' | 'seen'> {
  const states = judged.map(({ verdict, isOpen }) => ({
    judgement: isOpen ? verdict.stands : verdict.fires,
    seen: verdict.seen,
  }))
  const worst = (['true', 'blind', 'few'] as const)
    .map((judgement) => states.find((state) => state.judgement === judgement))
    .find((state) => state !== undefined)
  return worst ?? states[0] ?? { judgement: 'false', seen: 'Nothing of this kind has been seen' }
}

async function recordJudgements(tx: Transaction, judgements: Judgement[]): Promise<void> {
  if (judgements.length === 0) return
  const { alertRuleStates } = tables
  await tx.db
    .insert(alertRuleStates)
    .values(judgements)
    .onConflictDoUpdate({
      target: alertRuleStates.rule,
      set: {
        judgedAt: sql`excluded.judged_at`,
        judgement: sql`excluded.judgement`,
        seen: sql`excluded.seen`,
      },
    })
}
