/**
 * One decision, every surface. An approval is a row that waits, and one delayed run (`approval-timer`) for whatever is
 * due next by itself: a reminder, or the deadline. Waiting needs no process.
 *
 *   open ─▶ approved | denied     by a person, before the deadline
 *     └───▶ expired               by the timer, or by whoever finds it open after its deadline
 *
 * The state changes by compare-and-set, in one transaction with its audit entry and with whatever the approval's kind
 * makes of the outcome (states, continuation runs). The first wins; everybody else is told who, when and where.
 */
import { and, eq, gt, isNotNull, lte } from 'drizzle-orm'
import { type Actor, type AuditEntry, recordAudit, SYSTEM } from '../audit/index.ts'
import { announceChange, type Database, onlyRow, type Transaction, tables } from '../database/index.ts'
import { type RunStarter, runIdOf } from '../engine/index.ts'
import { type Clock, describeDuration, NeverRetryError, newId, seam } from '../primitives/index.ts'
import { type Approval, readApproval } from './read-approval.ts'
import { type ApprovalTimerJob, defineApprovalTimer } from './timer.ts'

/** What a kind of approval does with the outcome, inside the deciding transaction. */
export type ApprovalKind = {
  kind: string
  onDecided(tx: Transaction, approval: Approval, actor: Actor): Promise<void>
  /** A reminder is due: start whatever reminds people. `number` counts from 1. */
  onReminder(tx: Transaction, approval: Approval, number: number): Promise<void>
}

export type DecideRequest = {
  approvalId: string
  outcome: 'approved' | 'denied'
  actor: Actor
  reason: string | null
  /** More work for the same transaction, done only if this decision wins (edits). Throw to decide nothing. */
  ifFirst?: (tx: Transaction, approval: Approval) => Promise<void>
  /** More work for the same transaction, whoever wins (the record of the delivery). */
  always?: (tx: Transaction) => Promise<void>
}

/** `target`: what the audit says the decision is about. */
type OpenRequest = { kind: string; subjectId: string; runId: string; target: AuditEntry['target'] }

export type DecideAnswer = { won: boolean; approval: Approval }

export type Approvals = {
  /** Opens an approval in the caller's transaction, with its deadline, its reminders and its timer. Once per subject. */
  open(tx: Transaction, request: OpenRequest): Promise<Approval>
  /** Decides, or tells who did. @throws NotFoundError when there is no such approval */
  decide(request: DecideRequest): Promise<DecideAnswer>
  /** Makes the timers due that the clock has passed: needed only when the community's clock jumps. */
  wakeDue(): Promise<void>
  /** The job to register with the engine. */
  readonly timer: ApprovalTimerJob
}

type Options = {
  database: Database
  clock: Clock
  /** Resolved late, because the engine needs the timer job before it can start runs. */
  starter: () => RunStarter
  kinds: readonly ApprovalKind[]
  timeoutMs: number
  reminderMs: readonly number[]
}

/** Makes the approvals room. @param options.timeoutMs how long people have; @param options.reminderMs when to remind, after opening */
export function createApprovals(options: Options): Approvals {
  const { database, clock } = options
  const kindOf = (name: string): ApprovalKind => {
    const kind = options.kinds.find((one) => one.kind === name)
    if (!kind) throw new NeverRetryError(`There is no kind of approval "${name}"`)
    return kind
  }
  const timer = defineApprovalTimer({
    clock,
    expire: (tx, approval) => expire(tx, options, kindOf(approval.kind), approval),
    remind: (tx, approval, number) => kindOf(approval.kind).onReminder(tx, approval, number),
    startNext: (tx, approval) => startTimer(tx, options, timer, approval),
  })

  return {
    timer,
    open: (tx, request) => open(tx, options, timer, request),
    decide: (request) =>
      database.transaction(async (tx) => {
        const answer = await decide(tx, options, kindOf, request)
        await request.always?.(tx)
        seam('approvals.decide.before-commit')
        return answer
      }),
    async wakeDue() {
      const due = await database.db
        .select()
        .from(tables.approvals)
        .where(
          and(isNotNull(tables.approvals.nextDueAt), lte(tables.approvals.nextDueAt, new Date(clock.now()))),
        )
      await options.starter().wake(due.map((approval) => runIdOf(timer, timerInput(approval))))
    },
  }
}

async function open(
  tx: Transaction,
  options: Options,
  timer: ApprovalTimerJob,
  request: OpenRequest,
): Promise<Approval> {
  const nowMs = options.clock.now()
  const deadlineMs = nowMs + options.timeoutMs
  const reminders = options.reminderMs.map((afterMs) => nowMs + afterMs).filter((atMs) => atMs < deadlineMs)
  const rows = await tx.db
    .insert(tables.approvals)
    .values({
      id: newId('apr'),
      kind: request.kind,
      subjectId: request.subjectId,
      status: 'open',
      openedAt: new Date(nowMs),
      deadlineAt: new Date(deadlineMs),
      reminderTimes: reminders.map((atMs) => new Date(atMs).toISOString()),
      nextDueAt: new Date(reminders[0] ?? deadlineMs),
    })
    .returning()
  const approval = onlyRow(rows, 'approval')
  await startTimer(tx, options, timer, approval)
  await recordAudit(tx, {
    atMs: nowMs,
    actor: SYSTEM,
    action: 'asked for a decision',
    target: request.target,
    reason: `Within ${describeDuration(options.timeoutMs)}`,
    runId: request.runId,
  })
  await announceChange(tx, { topic: 'inbox', id: approval.id })
  return approval
}

async function decide(
  tx: Transaction,
  options: Options,
  kindOf: (name: string) => ApprovalKind,
  request: DecideRequest,
): Promise<DecideAnswer> {
  const nowMs = options.clock.now()
  const { actor } = request
  const { approvals } = tables
  const rows = await tx.db
    .update(approvals)
    .set({ status: request.outcome, reason: request.reason, nextDueAt: null, ...decidedBy(actor, nowMs) })
    .where(
      and(
        eq(approvals.id, request.approvalId),
        eq(approvals.status, 'open'),
        gt(approvals.deadlineAt, new Date(nowMs)),
      ),
    )
    .returning()
  const won = rows[0]
  if (won) {
    await request.ifFirst?.(tx, won)
    await conclude(tx, kindOf(won.kind), won, actor)
    return { won: true, approval: won }
  }
  const current = await readApproval(tx, request.approvalId)
  if (current.status !== 'open') return { won: false, approval: current }
  // Open, but its time is over: the timer has not come round yet, so this decision does the timer's work.
  const expired = await expire(tx, options, kindOf(current.kind), current)
  return { won: false, approval: expired ?? (await readApproval(tx, request.approvalId)) }
}

/** Null when somebody decided it in the meantime. */
async function expire(
  tx: Transaction,
  options: Options,
  kind: ApprovalKind,
  approval: Approval,
): Promise<Approval | null> {
  const nowMs = options.clock.now()
  const { approvals } = tables
  const waitedMs = approval.deadlineAt.getTime() - approval.openedAt.getTime()
  const rows = await tx.db
    .update(approvals)
    .set({
      status: 'expired',
      reason: `Timed out after ${describeDuration(waitedMs)}`,
      nextDueAt: null,
      ...decidedBy(SYSTEM, nowMs),
    })
    .where(
      and(
        eq(approvals.id, approval.id),
        eq(approvals.status, 'open'),
        lte(approvals.deadlineAt, new Date(nowMs)),
      ),
    )
    .returning()
  const expired = rows[0]
  if (!expired) return null
  await conclude(tx, kind, expired, SYSTEM)
  return expired
}

async function conclude(
  tx: Transaction,
  kind: ApprovalKind,
  approval: Approval,
  actor: Actor,
): Promise<void> {
  await recordAudit(tx, {
    atMs: (approval.decidedAt ?? approval.openedAt).getTime(),
    actor,
    action: approval.status,
    target: { kind: 'approval', id: approval.id },
    reason: approval.reason,
  })
  await kind.onDecided(tx, approval, actor)
  await announceChange(tx, { topic: 'inbox', id: approval.id })
}

function decidedBy(actor: Actor, nowMs: number) {
  return {
    decidedAt: new Date(nowMs),
    decidedByKind: actor.kind,
    decidedById: actor.kind === 'system' ? null : actor.id,
    decidedByName: actor.kind === 'system' ? null : actor.name,
  }
}

/** The timers of one approval are numbered by the reminders sent before them: the last one is the deadline's. */
function timerInput(approval: Approval): { approvalId: string; number: number } {
  return { approvalId: approval.id, number: approval.remindersSent }
}

async function startTimer(
  tx: Transaction,
  options: Options,
  timer: ApprovalTimerJob,
  approval: Approval,
): Promise<void> {
  if (!approval.nextDueAt) return
  await options
    .starter()
    .start(tx, timer, timerInput(approval), { notBeforeMs: approval.nextDueAt.getTime() })
}
