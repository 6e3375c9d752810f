/**
 * A person's clicks and modals, sent to the application's interactivity URL as Slack sends them: signed over the raw
 * body, three seconds to answer, never retried.
 */
import { createHmac } from 'node:crypto'
import { BadInputError, NotFoundError, parseJson, SECOND_MS, systemNow } from '../../primitives/index.ts'
import { type DeliveryOutcome, deliver } from '../deliveries.ts'
import type { World } from '../world.ts'
import { interactiveElements } from './blocks.ts'
import { microseconds } from './ids.ts'
import { messageResource } from './messages.ts'
import { messageKey, type SlackUser, type SlackView } from './model.ts'
import { createResponseUrl } from './response-url.ts'
import { APP_ID, TEAM } from './seed.ts'
import { fillState, type ViewValues } from './view-state.ts'
import { applyResponseAction, createTrigger } from './views.ts'

const ACK_MS = 3 * SECOND_MS
const TROUBLE = 'We had some trouble connecting. Try again?'

/** `status` is null when no answer came in time; then `error` says what the person is shown. */
export type ClickResult = {
  status: number | null
  elapsedMs: number
  modal?: { viewId: string; view: Record<string, unknown> }
  error?: string
}

/**
 * Presses a button (or another element) of a message.
 * @throws NotFoundError when there is no such person, message or element
 */
export async function click(
  world: World,
  press: { userId: string; channel: string; ts: string; actionId: string },
): Promise<ClickResult> {
  const user = findUser(world, press.userId)
  const message = world.slack.messages.get(messageKey(press.channel, press.ts))
  const channel = world.slack.channels.get(press.channel)
  if (!message || !channel) throw new NotFoundError(`There is no message ${press.ts} in ${press.channel}.`)
  const found = interactiveElements(message.blocks).find(
    ({ element }) => element.action_id === press.actionId,
  )
  if (!found)
    throw new NotFoundError(`The message has no element ${press.actionId}; it may have been updated.`)
  const triggerId = createTrigger(world, user.id)
  const outcome = await sendInteraction(world, {
    type: 'block_actions',
    user: userInPayload(user),
    api_app_id: APP_ID,
    token: 'deprecated-verification-token',
    container: {
      type: 'message',
      message_ts: message.ts,
      channel_id: channel.id,
      is_ephemeral: false,
      ...(message.threadTs !== null && { thread_ts: message.threadTs }),
    },
    trigger_id: triggerId,
    team: { id: TEAM.id, domain: TEAM.domain },
    enterprise: null,
    is_enterprise_install: false,
    channel: { id: channel.id, name: channel.name },
    message: messageResource(world, message, { metadata: true }),
    state: { values: {} },
    response_url: createResponseUrl(world, { userId: user.id, channel: channel.id, ts: message.ts }),
    actions: [{ ...found.element, block_id: found.blockId, action_ts: actionTs(world) }],
  })
  const opened = world.slack.views.values().find((view) => view.triggerId === triggerId)
  return {
    ...acknowledged(outcome),
    ...(opened && { modal: { viewId: opened.id, view: opened.view } }),
  }
}

/** `response` is what the application answered; `error` what the person is shown instead. */
export type SubmissionResult = { status: number | null; response: unknown; error?: string }

/**
 * Submits an open modal. Slack checks the inputs before it sends anything.
 * @throws BadInputError when a required input is empty or a value does not fit; NotFoundError for no such modal
 */
export async function submitView(
  world: World,
  viewId: string,
  submission: { userId: string; values: ViewValues },
): Promise<SubmissionResult> {
  const { user, open } = findOpen(world, viewId, submission.userId)
  const state = fillState(open.view, submission.values)
  if (!state.ok) {
    world.slack.views.put(open.id, { ...open, error: state.errors })
    throw new BadInputError(
      Object.entries(state.errors)
        .map(([block, text]) => `${block}: ${text}`)
        .join('; '),
    )
  }
  const sent = world.slack.views.put(open.id, {
    ...open,
    error: null,
    view: { ...open.view, state: { values: state.values } },
  })
  const outcome = await sendInteraction(world, {
    type: 'view_submission',
    team: { id: TEAM.id, domain: TEAM.domain },
    user: userInPayload(user),
    api_app_id: APP_ID,
    token: 'deprecated-verification-token',
    trigger_id: createTrigger(world, user.id),
    view: sent.view,
    response_urls: [],
    is_enterprise_install: false,
    enterprise: null,
  })
  const { status, error } = acknowledged(outcome)
  const body = outcome.kind === 'answered' ? outcome.body : ''
  const response = body === '' ? null : (parseJson(body) ?? body)
  const current = world.slack.views.get(viewId)
  if (error !== undefined) {
    if (current) world.slack.views.put(viewId, { ...current, error })
    return { status, response, error }
  }
  const wrong = current ? applyResponseAction(world, current, response) : null
  if (wrong === null || !current) return { status, response }
  world.slack.views.put(viewId, { ...current, error: wrong })
  return { status, response, error: wrong }
}

/** Closes a modal; the application hears of it only when it asked to (`notify_on_close`). */
export async function closeView(world: World, viewId: string, userId: string): Promise<SubmissionResult> {
  const { user, open } = findOpen(world, viewId, userId)
  world.slack.views.delete(viewId)
  if (open.view.notify_on_close !== true) return { status: null, response: null }
  const outcome = await sendInteraction(world, {
    type: 'view_closed',
    team: { id: TEAM.id, domain: TEAM.domain },
    user: userInPayload(user),
    api_app_id: APP_ID,
    token: 'deprecated-verification-token',
    view: open.view,
    is_cleared: false,
    is_enterprise_install: false,
    enterprise: null,
  })
  return { status: acknowledged(outcome).status, response: null }
}

function sendInteraction(world: World, payload: Record<string, unknown>): Promise<DeliveryOutcome> {
  const form = { payload: JSON.stringify(payload) }
  // Signed with the machine's own time: the application checks it against a clock that nobody moves.
  const timestamp = String(Math.floor(systemNow() / 1_000))
  const base = `v0:${timestamp}:${new URLSearchParams(form)}`
  const signature = createHmac('sha256', world.options.slackSigningSecret).update(base).digest('hex')
  return deliver(world, {
    provider: 'slack',
    operation: 'interaction',
    url: `${world.options.publicUrl}/webhooks/slack-interaction`,
    headers: {
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': `v0=${signature}`,
      'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
      accept: 'application/json,*/*',
    },
    body: { form },
    connectTimeoutMs: ACK_MS,
    totalTimeoutMs: ACK_MS,
  })
}

function acknowledged(outcome: DeliveryOutcome): {
  status: number | null
  elapsedMs: number
  error?: string
} {
  const { elapsedMs } = outcome
  if (outcome.kind !== 'answered') return { status: null, elapsedMs, error: TROUBLE }
  if (outcome.status === 200) return { status: 200, elapsedMs }
  return { status: outcome.status, elapsedMs, error: TROUBLE }
}

function findUser(world: World, userId: string): SlackUser {
  const user = world.slack.users.get(userId)
  if (!user) throw new NotFoundError(`There is no person ${userId} in this Slack.`)
  return user
}

function findOpen(world: World, viewId: string, userId: string): { user: SlackUser; open: SlackView } {
  const user = findUser(world, userId)
  const open = world.slack.views.get(viewId)
  if (!open || open.userId !== userId)
    throw new NotFoundError(`${user.realName} has no open modal ${viewId}.`)
  return { user, open }
}

function userInPayload(user: SlackUser): Record<string, string> {
  return { id: user.id, username: user.name, name: user.name, team_id: TEAM.id }
}

/** `action_ts` of an action; unlike a message's ts it need not be unique. */
function actionTs(world: World): string {
  const micros = Math.max(world.clock.now() * 1_000, microseconds(world.slack.lastTs()))
  return `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}`
}
