/** What people do about alerts and rules. */
import { and, eq, inArray } from 'drizzle-orm'
import { type Actor, recordAudit } from '../../audit/index.ts'
import { announceChange, type Database, type Transaction, tables } from '../../database/index.ts'
import type { RunStarter } from '../../engine/index.ts'
import { type Clock, ConflictError, NotFoundError, newId } from '../../primitives/index.ts'
import type { ChannelStates } from './channels.ts'
import type { NoticeJob } from './notice-job.ts'
import type { AlertRule } from './rules.ts'
import { startNotices } from './start-notices.ts'

export type ActionParts = {
  database: Database
  clock: Clock
  rules: readonly AlertRule[]
  channels: ChannelStates
  starter: () => Pick<RunStarter, 'start'>
  notices: NoticeJob
}
type Person = Extract<Actor, { name: string }>

/**
 * Somebody takes an alert on: PagerDuty stops calling, where it was told.
 * @throws ConflictError when it is not firing any more; NotFoundError
 */
export async function acknowledgeAlert(parts: ActionParts, alertId: string, actor: Person): Promise<void> {
  await parts.database.transaction(async (tx) => {
    const { alerts } = tables
    const nowMs = machineNow(parts.clock)
    const [alert] = await tx.db
      .update(alerts)
      .set({ status: 'acknowledged', acknowledgedAt: new Date(nowMs), acknowledgedByName: actor.name })
      .where(and(eq(alerts.id, alertId), eq(alerts.status, 'firing')))
      .returning()
    if (!alert) throw await whyNotFiring(tx, alertId)
    const { alertNotices } = tables
    const paged = await tx.db
      .select({ channel: alertNotices.channel })
      .from(alertNotices)
      .where(
        and(
          eq(alertNotices.alertId, alertId),
          eq(alertNotices.about, 'fired'),
          eq(alertNotices.channel, 'pagerduty'),
          inArray(alertNotices.status, ['pending', 'sent', 'failed']),
        ),
      )
    await startNotices(tx, parts, alert, {
      about: 'acknowledged',
      rule: parts.rules.find(({ name }) => name === alert.rule) ?? null,
      channels: paged.map(({ channel }) => channel),
      words: `Acknowledged by ${actor.name}`,
      atMs: nowMs,
    })
    await recordAudit(tx, {
      atMs: parts.clock.now(),
      actor,
      action: 'acknowledged',
      target: { kind: 'alert', id: alertId },
      detail: { rule: alert.rule, cause: alert.cause },
    })
    await announceChange(tx, { topic: 'alert', id: alertId })
  })
}

/**
 * A rule tells nobody until then; its alerts are shown all the same, and whoever is to be told is told afterwards.
 * @param untilMs epoch milliseconds, machine time; null: it tells again from now on
 */
export async function muteRule(
  parts: ActionParts,
  name: string,
  untilMs: number | null,
  actor: Person,
): Promise<void> {
  const rule = ruleNamed(parts.rules, name)
  const state = {
    mutedUntil: untilMs === null ? null : new Date(untilMs),
    mutedByName: untilMs === null ? null : actor.name,
  }
  await parts.database.transaction(async (tx) => {
    const { alertRuleStates } = tables
    await tx.db
      .insert(alertRuleStates)
      .values({ rule: rule.name, ...state })
      .onConflictDoUpdate({ target: alertRuleStates.rule, set: state })
    await recordAudit(tx, {
      atMs: parts.clock.now(),
      actor,
      action: untilMs === null ? 'unmuted' : 'muted',
      target: { kind: 'alert-rule', id: rule.name },
      ...(untilMs === null ? {} : { detail: { until: new Date(untilMs).toISOString() } }),
    })
    await announceChange(tx, { topic: 'alert', id: null })
  })
}

/** Sends a real notice to each channel of the rule. @returns the id under which its notices are found */
export async function testRule(parts: ActionParts, name: string, actor: Actor): Promise<{ testId: string }> {
  const rule = ruleNamed(parts.rules, name)
  if (rule.notify.length === 0)
    throw new ConflictError(
      `The rule ${name} tells nobody. Add channels to its "notify" in alerts.yaml first.`,
    )
  const testId = `${newId('tst')}/${rule.name}`
  await parts.database.transaction(async (tx) => {
    const alert = { id: testId, rule: rule.name, severity: rule.severity, cause: '' }
    await startNotices(tx, parts, alert, {
      about: 'test',
      rule,
      channels: rule.notify,
      words: `This is a test of the rule ${rule.name} (${rule.text}); nothing is wrong`,
      atMs: machineNow(parts.clock),
    })
    await recordAudit(tx, {
      atMs: parts.clock.now(),
      actor,
      action: 'tested',
      target: { kind: 'alert-rule', id: rule.name },
    })
    await announceChange(tx, { topic: 'alert', id: testId })
  })
  return { testId }
}

/** @throws NotFoundError with the names that there are */
function ruleNamed(rules: readonly AlertRule[], name: string): AlertRule {
  const rule = rules.find((each) => each.name === name)
  if (rule) return rule
  const names = rules.map((each) => each.name).join(', ')
  throw new NotFoundError(
    `There is no such rule. The rules are ${names || 'none: alerts.yaml has no rules'}.`,
  )
}

async function whyNotFiring(tx: Transaction, alertId: string): Promise<Error> {
  const { alerts } = tables
  const [alert] = await tx.db.select().from(alerts).where(eq(alerts.id, alertId))
  if (!alert) return new NotFoundError('There is no such alert.')
  if (alert.status === 'resolved')
    return new ConflictError('It has resolved already; there is nothing to do.')
  return new ConflictError(`${alert.acknowledgedByName ?? 'Somebody'} has acknowledged it already.`)
}

/** Alerts are about the machine, and live by its time. */
function machineNow(clock: Clock): number {
  return clock.now() - clock.offsetMs()
}
