import { type Transaction, tables } from '../../database/index.ts'
import type { RunStarter } from '../../engine/index.ts'
import type { ChannelStates } from './channels.ts'
import type { NoticeJob } from './notice-job.ts'
import type { AlertRule, Channel } from './rules.ts'
import { actPathOf, type Telling } from './telling.ts'

type Parts = { channels: ChannelStates; starter: () => Pick<RunStarter, 'start'>; notices: NoticeJob }
type Alert = Pick<Telling, 'severity' | 'rule' | 'cause'> & { id: string }
type Notice = {
  about: Telling['about']
  /** Null: it is gone from the file. */
  rule: AlertRule | null
  channels: readonly Channel[]
  words: string
  /** Epoch milliseconds, machine time. */
  atMs: number
}

/**
 * Tells of an alert on these channels, once each: a row and a run in the caller's transaction; a channel that is off
 * gets the row alone, which says so.
 */
export async function startNotices(
  tx: Transaction,
  { channels: states, starter, notices }: Parts,
  alert: Alert,
  { about, rule, channels, words, atMs }: Notice,
): Promise<void> {
  for (const channel of channels) {
    const state = states[channel]
    const noticeId = `${alert.id}.${about}.${channel}`
    const row = {
      id: noticeId,
      alertId: alert.id,
      channel,
      about,
      createdAt: new Date(atMs),
      ...(state.on ? { status: 'pending' as const } : { status: 'off' as const, problem: state.why }),
    }
    const added = await tx.db
      .insert(tables.alertNotices)
      .values(row)
      .onConflictDoNothing()
      .returning({ id: tables.alertNotices.id })
    // Told already: by an evaluation before this one.
    if (added.length === 0 || !state.on) continue
    await starter().start(tx, notices, {
      noticeId,
      alertId: alert.id,
      channel,
      about,
      rule: alert.rule,
      severity: alert.severity,
      cause: alert.cause,
      words,
      atMs,
      actPath: rule ? actPathOf(rule, alert.cause) : '/alerts',
      hasRunbook: rule?.runbook != null,
    })
  }
}
