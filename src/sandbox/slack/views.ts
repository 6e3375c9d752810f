/**
 * Modals. A click's trigger id opens one modal, within three seconds, once. A view lives from views.open until it is
 * submitted, closed or cleared; its `hash` changes with every update.
 */
import { randomBytes } from 'node:crypto'
import { isRecord, SECOND_MS } from '../../primitives/index.ts'
import type { Fields } from '../pipeline.ts'
import type { World } from '../world.ts'
import { checkModal } from './blocks.ts'
import { invalidBlocks } from './chat.ts'
import { newSlackId, newTriggerId } from './ids.ts'
import { jsonField, textField } from './messages.ts'
import { refuse, type SlackAnswer, type SlackRefusal, type SlackView } from './model.ts'
import { APP_ID, BOT, TEAM } from './seed.ts'

const TRIGGER_LIFE_MS = 3 * SECOND_MS
const MAX_VIEW_BYTES = 250_000

/** Gives a person's click a trigger id. */
export function createTrigger(world: World, userId: string): string {
  const id = newTriggerId()
  world.slack.triggers.put(id, { id, userId, createdMs: world.clock.now(), used: false })
  return id
}

/** views.open */
export function openView(world: World, fields: Fields): SlackAnswer {
  const modal = readModal(fields)
  if ('error' in modal) return modal
  const trigger = spendTrigger(world, textField(fields, 'trigger_id'))
  if ('error' in trigger) return trigger
  const id = newSlackId('V')
  const view = buildView(id, modal.modal, { root: id, previous: null })
  world.slack.views.put(id, { id, userId: trigger.userId, triggerId: trigger.id, view, error: null })
  return { ok: true, view }
}

/** views.update, by view_id or external_id; with `hash`, only if nobody updated it meanwhile. */
export function updateView(world: World, fields: Fields): SlackAnswer {
  const externalId = textField(fields, 'external_id')
  const open =
    world.slack.views.get(textField(fields, 'view_id')) ??
    world.slack.views.values().find((each) => externalId !== '' && each.view.external_id === externalId)
  if (!open) return refuse('not_found')
  const hash = textField(fields, 'hash')
  if (hash !== '' && hash !== open.view.hash) return refuse('hash_conflict')
  const modal = readModal(fields)
  if ('error' in modal) return modal
  return { ok: true, view: replaceView(world, open, modal.modal).view }
}

/**
 * What a view_submission's answer asks for: errors, update, push, clear; nothing closes the view.
 * @returns the error to show, when the answer itself is wrong
 */
export function applyResponseAction(world: World, open: SlackView, response: unknown): string | null {
  const action = isRecord(response) ? response.response_action : undefined
  switch (action) {
    case undefined:
      world.slack.views.delete(open.id)
      return null
    case 'clear':
      for (const view of world.slack.views.values()) {
        if (view.userId === open.userId) world.slack.views.delete(view.id)
      }
      return null
    case 'errors':
      return showErrors(world, open, isRecord(response) ? response.errors : undefined)
    case 'update':
    case 'push': {
      const checked = checkModal(isRecord(response) ? response.view : undefined)
      if (!checked.ok)
        return `The application answered a view that Slack refuses: ${checked.problems.join('; ')}`
      if (action === 'update') replaceView(world, open, checked.modal)
      else pushOnto(world, open, checked.modal)
      return null
    }
    default:
      return `The application answered an unknown response_action: ${String(action)}`
  }
}

function showErrors(world: World, open: SlackView, errors: unknown): string | null {
  const blocks = Array.isArray(open.view.blocks) ? open.view.blocks.filter(isRecord) : []
  const inputs = blocks.filter((block) => block.type === 'input').map((block) => block.block_id)
  const entries = isRecord(errors) ? Object.entries(errors) : []
  const unknown = entries.filter(([blockId]) => !inputs.includes(blockId))
  if (entries.length === 0 || unknown.length > 0) {
    return 'The application answered errors for blocks that are not inputs of this modal.'
  }
  const error = Object.fromEntries(entries.map(([blockId, message]) => [blockId, String(message)]))
  world.slack.views.put(open.id, { ...open, error })
  return null
}

function pushOnto(world: World, below: SlackView, modal: Record<string, unknown>): void {
  const id = newSlackId('V')
  const view = buildView(id, modal, { root: String(below.view.root_view_id), previous: below.id })
  world.slack.views.put(id, { id, userId: below.userId, triggerId: below.triggerId, view, error: null })
}

function replaceView(world: World, open: SlackView, modal: Record<string, unknown>): SlackView {
  const place = { root: String(open.view.root_view_id), previous: open.view.previous_view_id }
  return world.slack.views.put(open.id, { ...open, view: buildView(open.id, modal, place), error: null })
}

function buildView(
  id: string,
  modal: Record<string, unknown>,
  place: { root: string; previous: unknown },
): Record<string, unknown> {
  return {
    id,
    team_id: TEAM.id,
    type: 'modal',
    blocks: modal.blocks,
    private_metadata: modal.private_metadata ?? '',
    callback_id: modal.callback_id ?? '',
    state: { values: {} },
    hash: `${Math.floor(Math.random() * 1e10)}.${randomBytes(4).toString('hex')}`,
    title: modal.title,
    clear_on_close: modal.clear_on_close ?? false,
    notify_on_close: modal.notify_on_close ?? false,
    close: modal.close ?? null,
    submit: modal.submit ?? null,
    previous_view_id: place.previous,
    root_view_id: place.root,
    app_id: APP_ID,
    external_id: modal.external_id ?? '',
    app_installed_team_id: TEAM.id,
    bot_id: BOT.id,
  }
}

function readModal(fields: Fields): { modal: Record<string, unknown> } | SlackRefusal {
  const given = jsonField(fields, 'view')
  if (given === undefined) return invalidBlocks('invalid_arguments', ['[ERROR] missing required field: view'])
  if (Buffer.byteLength(JSON.stringify(given)) > MAX_VIEW_BYTES) return refuse('view_too_large')
  const checked = checkModal(given)
  return checked.ok ? { modal: checked.modal } : invalidBlocks('invalid_arguments', checked.problems)
}

function spendTrigger(world: World, id: string): { id: string; userId: string } | SlackRefusal {
  const trigger = world.slack.triggers.get(id)
  if (!trigger) return refuse('invalid_trigger_id')
  if (trigger.used) return refuse('exchanged_trigger_id')
  if (world.clock.now() - trigger.createdMs > TRIGGER_LIFE_MS) return refuse('expired_trigger_id')
  world.slack.triggers.put(id, { ...trigger, used: true })
  return { id, userId: trigger.userId }
}
