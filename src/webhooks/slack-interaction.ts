/**
 * `POST /webhooks/slack-interaction`: a button or a modal was used. Slack wants its answer within 3 s and never tries
 * again, so the decision commits first, and everything else that Slack should show follows from runs. Only two things
 * happen inside the request: opening a modal (its trigger lives 3 s) and telling one person that they came second.
 */
import type { Context } from 'hono'
import { type Approval, type DecideAnswer, describeDecision, readApproval } from '../approvals/index.ts'

import { type Actor, recordAudit } from '../audit/index.ts'
import type { FieldEdits } from '../community/index.ts'
import type { SlackConnector } from '../connectors/contract.ts'
import type { ModalView } from '../connectors/slack/blocks.ts'
import type { Database, Transaction } from '../database/index.ts'
import {
  type Clock,
  type Logger,
  NotFoundError,
  seam,
  serializeError,
  systemNow,
} from '../primitives/index.ts'

import { concludeDelivery, receiveDelivery } from './deliveries.ts'
import { readRawBody } from './raw-body.ts'
import { type RefusalCounter, refuse } from './refusals.ts'
import { verifySlackSignature } from './signatures.ts'
import {
  readInteraction,
  type SlackClick,
  type SlackInteraction,
  type SlackSubmission,
  type SlackUser,
} from './slack-payload.ts'

/** How the job behind the buttons looks and decides; given by the job, so that this room knows no job. */
export type SlackDecisions = {
  actions: { approve: string; deny: string; edit: string }
  modals: { deny: string; edit: string }
  denyModal(approvalId: string): ModalView
  editModal(approval: Approval): Promise<ModalView>
  noticeModal(text: string): ModalView
  modalTexts(values: SlackSubmission['values']): FieldEdits
  decide(request: {
    approvalId: string
    actor: Actor
    decision: { outcome: 'approved'; edits?: FieldEdits } | { outcome: 'denied'; reason: string }
    always: (tx: Transaction) => Promise<void>
  }): Promise<DecideAnswer>
  /** Problems with edited fields, by block id; null when the error is another. */
  fieldProblems(error: unknown): Record<string, string> | null
}

export type SlackInteractionOptions = {
  database: Database
  clock: Clock
  logger: Logger
  /** Null when Slack is off. `approvers` null: whoever can press the button. */
  slack: { signingSecret: string; approvers: readonly string[] | null } | null
  connector: SlackConnector
  decisions: SlackDecisions
  refusals: RefusalCounter
  /** Answers before the steps of runs go on; entered only by what is verified. */
  first<T>(work: () => Promise<T>): Promise<T>
}

const SOURCE = 'slack-interaction'
const CLOSE = new Response(null, { status: 200 })

export function slackInteractionHandler(
  options: SlackInteractionOptions,
): (context: Context) => Promise<Response> {
  return async (context) => {
    if (!options.slack) return refuse(options.refusals, SOURCE, 'off')
    const rawBody = await readRawBody(context)
    if (!rawBody) return refuse(options.refusals, SOURCE, 'too_large')
    const verified = verifySlackSignature({
      signingSecret: options.slack.signingSecret,
      timestamp: context.req.header('x-slack-request-timestamp') ?? null,
      signature: context.req.header('x-slack-signature') ?? null,
      rawBody,
      nowMs: systemNow(),
    })
    if (!verified.ok) return refuse(options.refusals, SOURCE, verified.reason)
    const interaction = readInteraction(rawBody)
    if (!interaction) return refuse(options.refusals, SOURCE, 'malformed')
    const { approvers } = options.slack
    return options.first(() => respond(options, approvers, interaction))
  }
}

async function respond(
  options: SlackInteractionOptions,
  approvers: readonly string[] | null,
  interaction: SlackInteraction,
): Promise<Response> {
  if (interaction.kind === 'other') return CLOSE.clone()
  if (approvers && !approvers.includes(interaction.user.id)) return refusePerson(options, interaction)
  try {
    return interaction.kind === 'click'
      ? await click(options, interaction)
      : await submission(options, interaction)
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    return tell(options, interaction, error.message)
  }
}

async function click(options: SlackInteractionOptions, interaction: SlackClick): Promise<Response> {
  const { decisions } = options
  if (interaction.actionId === decisions.actions.approve) {
    const answer = await decide(options, interaction, { outcome: 'approved' })
    return answer.won
      ? CLOSE.clone()
      : tell(options, interaction, describeDecision(answer.approval, options.clock.now()))
  }
  if (interaction.actionId !== decisions.actions.deny && interaction.actionId !== decisions.actions.edit)
    return CLOSE.clone()
  const approval = await readApproval(options.database, interaction.approvalId)
  if (approval.status !== 'open')
    return tell(options, interaction, describeDecision(approval, options.clock.now()))
  const view =
    interaction.actionId === decisions.actions.deny
      ? decisions.denyModal(approval.id)
      : await decisions.editModal(approval)
  try {
    await options.connector.openView({ triggerId: interaction.triggerId, view })
  } catch (error) {
    options.logger.warn(
      { event: 'slack.modal_not_opened', error: serializeError(error) },
      'A modal could not be opened',
    )
    return tell(
      options,
      interaction,
      'Slack did not let us open the form in time. Please press the button again.',
    )
  }
  return CLOSE.clone()
}

async function submission(options: SlackInteractionOptions, interaction: SlackSubmission): Promise<Response> {
  const { decisions } = options
  const texts = decisions.modalTexts(interaction.values)
  if (interaction.modal === decisions.modals.edit) {
    try {
      return await answerModal(
        options,
        await decide(options, interaction, { outcome: 'approved', edits: texts }),
      )
    } catch (error) {
      const errors = decisions.fieldProblems(error)
      if (!errors) throw error
      return Response.json({ response_action: 'errors', errors })
    }
  }
  if (interaction.modal !== decisions.modals.deny) return CLOSE.clone()
  const reason = reasonIn(interaction.values)
  if (reason === '')
    return Response.json({
      response_action: 'errors',
      errors: { reason: 'Please give a reason: the sender is told it.' },
    })
  return answerModal(options, await decide(options, interaction, { outcome: 'denied', reason }))
}

function answerModal(options: SlackInteractionOptions, answer: DecideAnswer): Response {
  if (answer.won) return CLOSE.clone()
  const view = options.decisions.noticeModal(describeDecision(answer.approval, options.clock.now()))
  return Response.json({ response_action: 'update', view })
}

async function decide(
  options: SlackInteractionOptions,
  interaction: SlackClick | SlackSubmission,
  decision: Parameters<SlackDecisions['decide']>[0]['decision'],
): Promise<DecideAnswer> {
  const answer = await options.decisions.decide({
    approvalId: interaction.approvalId,
    actor: asActor(interaction.user),
    decision,
    always: (tx) => record(tx, options, interaction.deliveryId, decision.outcome),
  })
  seam('webhook.slack-interaction.after-commit')
  options.logger.info(
    {
      event: 'decision.received',
      source: SOURCE,
      approval: answer.approval.id,
      submission: answer.approval.subjectId,
      outcome: decision.outcome,
      by: interaction.user.id,
      won: answer.won,
    },
    answer.won
      ? `${interaction.user.name} ${decision.outcome} a job post in Slack`
      : `${interaction.user.name} came second in Slack`,
  )
  return answer
}

async function record(
  tx: Transaction,
  options: SlackInteractionOptions,
  externalId: string,
  outcome: string,
): Promise<void> {
  const { first, delivery } = await receiveDelivery(tx, {
    source: SOURCE,
    externalId,
    receivedAtMs: options.clock.now(),
  })
  if (first) await concludeDelivery(tx, delivery.id, { outcome, answer: null, submissionId: null })
}

async function refusePerson(
  options: SlackInteractionOptions,
  interaction: SlackClick | SlackSubmission,
): Promise<Response> {
  await options.database.transaction((tx) =>
    recordAudit(tx, {
      atMs: options.clock.now(),
      actor: asActor(interaction.user),
      action: 'was not allowed to decide',
      target: { kind: 'approval', id: interaction.approvalId },
      reason: 'Not among SLACK_APPROVERS',
    }),
  )
  return tell(
    options,
    interaction,
    'You are not among the people who may decide job posts here. Ask an owner to add you to SLACK_APPROVERS.',
  )
}

/** Tells one person: in the open modal, or by a line that only they see (which nothing waits for). */
function tell(
  options: SlackInteractionOptions,
  interaction: SlackClick | SlackSubmission,
  text: string,
): Response {
  if (interaction.kind === 'submission') {
    return Response.json({ response_action: 'update', view: options.decisions.noticeModal(text) })
  }
  if (interaction.channel) {
    options.connector
      .postEphemeral({ channel: interaction.channel, user: interaction.user.id, text })
      .catch((error: unknown) =>
        options.logger.warn(
          { event: 'slack.not_told', error: serializeError(error) },
          'Somebody could not be told in Slack',
        ),
      )
  }
  return CLOSE.clone()
}

function asActor(user: SlackUser): Actor {
  return { kind: 'slack', id: user.id, name: user.name }
}

function reasonIn(values: SlackSubmission['values']): string {
  const state = Object.values(values.reason ?? {})[0]
  return typeof state === 'object' && state !== null && 'value' in state && typeof state.value === 'string'
    ? state.value.trim()
    : ''
}
