/** What operators do with dead letters, one or many. */
import { z } from 'zod'
import { type Actor, recordAudit } from '../audit/index.ts'
import type { Transaction } from '../database/index.ts'
import {
  abandonLetter,
  answerAction,
  type Choice,
  readLetter,
  replayLetter,
  requestAction,
  undoLetter,
} from '../dead-letters/index.ts'
import { readRun } from '../engine/index.ts'
import { BadInputError, type Json, parseJson } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import { viewAction } from './dead-letters.ts'
import type { LetterActionView } from './dead-letters-contract.ts'
import type { Person, ServerContext, ServerParts } from './parts.ts'
import { pathId, readBody, textSchema } from './request.ts'

const MOST_CHOSEN = 500
const reasonSchema = textSchema({ min: 1, max: 1_000 })
const replaySchema = z.discriminatedUnion('from', [
  z.object({ from: z.literal('failed-step') }),
  z.object({ from: z.literal('start'), input: textSchema({ max: 100_000 }).optional() }),
])
const choiceSchema = z.union([
  z.strictObject({
    ids: z
      .array(textSchema({ min: 1, max: 100 }))
      .min(1)
      .max(MOST_CHOSEN),
  }),
  z.strictObject({
    job: textSchema({ min: 1, max: 100 }).optional(),
    provider: textSchema({ min: 1, max: 50 }).optional(),
    errorClass: textSchema({ min: 1, max: 50 }).optional(),
    cause: textSchema({ min: 1, max: 500 }).optional(),
  }),
])
const actionSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('replay'), from: z.enum(['failed-step', 'start']), choice: choiceSchema }),
  z.object({ kind: z.literal('compensate'), choice: choiceSchema }),
  z.object({ kind: z.literal('abandon'), reason: reasonSchema, choice: choiceSchema }),
])

/** `POST /api/dead-letters/:id/replay` → `{runId}` */
export function replayDeadLetter(parts: ServerParts): RouteHandler {
  return async (context) => {
    const body = await readBody(context, replaySchema)
    const replay =
      body.from === 'start' && body.input !== undefined
        ? { from: body.from, input: readInput(body.input) }
        : { from: body.from }
    return onLetter(parts, context, async (tx, letter, actor) => ({
      runId: await replayLetter(tx, parts.deadLetters.parts, letter, replay, { actor }),
    }))
  }
}

/** `POST /api/dead-letters/:id/compensate` → `{runId}` */
export function compensateDeadLetter(parts: ServerParts): RouteHandler {
  const { deadLetters } = parts
  return (context) =>
    onLetter(parts, context, async (tx, letter, actor) => ({
      runId: await undoLetter(tx, deadLetters.parts, deadLetters.compensation, letter, { actor }),
    }))
}

/** `POST /api/dead-letters/:id/abandon {reason}` */
export function abandonDeadLetter(parts: ServerParts): RouteHandler {
  return async (context) => {
    const { reason } = await readBody(context, z.object({ reason: reasonSchema }))
    return onLetter(parts, context, async (tx, letter, actor) => {
      await abandonLetter(tx, parts.deadLetters.parts, letter, { actor, reason })
      return {}
    })
  }
}

/** `GET /api/dead-letters/:id/input`: unmasked, because what is edited has to be whole; who looked is on record. */
export function readDeadLetterInput(parts: ServerParts): RouteHandler {
  return (context) =>
    onLetter(parts, context, async (tx, letter, actor) => {
      const { input } = await readRun(letter.runId)
      const target = { kind: 'dead-letter' as const, id: letter.id }
      await recordAudit(tx, { atMs: parts.clock.now(), actor, action: 'read the input of', target })
      return { input: JSON.stringify(input, null, 2) }
    })
}

/** `POST /api/dead-letters/actions`: the same on many. */
export function requestLetterAction(parts: ServerParts): RouteHandler {
  return async (context) => {
    const body = await readBody(context, actionSchema)
    const person = context.get('person')
    const { parts: letters, letterAction } = parts.deadLetters
    const choice = exact(body.choice)
    const action = await parts.database.transaction((tx) =>
      requestAction(tx, letters, letterAction, {
        choice,
        request: body,
        chosen: tell(choice),
        by: idOf(person),
      }),
    )
    return context.json<LetterActionView>(await viewAction(parts.database.db, action, person.id))
  }
}

/** `POST /api/dead-letters/actions/:id/answer {agreed}`: the second person. */
export function answerLetterAction(parts: ServerParts): RouteHandler {
  return async (context) => {
    const actionId = pathId(context)
    const { agreed } = await readBody(context, z.object({ agreed: z.boolean() }))
    const person = context.get('person')
    const { parts: letters, letterAction } = parts.deadLetters
    const action = await parts.database.transaction((tx) =>
      answerAction(tx, letters, letterAction, { actionId, agreed, by: idOf(person) }),
    )
    return context.json<LetterActionView>(await viewAction(parts.database.db, action, person.id))
  }
}

async function onLetter(
  parts: ServerParts,
  context: ServerContext,
  act: (
    tx: Transaction,
    letter: Awaited<ReturnType<typeof readLetter>>,
    actor: Actor,
  ) => Promise<Record<string, Json>>,
): Promise<Response> {
  const letter = await readLetter(parts, pathId(context))
  const actor: Actor = { kind: 'dashboard', ...idOf(context.get('person')) }
  return context.json(await parts.database.transaction((tx) => act(tx, letter, actor)))
}

function readInput(text: string): Json {
  const input = parseJson(text)
  if (input === undefined)
    throw new BadInputError('The input is not JSON. Check its quotes, commas and brackets.')
  return input as Json // what JSON.parse gives
}

/** Absent, not undefined: what is not given narrows nothing. */
function exact(choice: z.infer<typeof choiceSchema>): Choice {
  if ('ids' in choice) return choice
  return Object.fromEntries(Object.entries(choice).filter(([, value]) => value !== undefined))
}

function tell(choice: Choice): string {
  if ('ids' in choice) return `${choice.ids.length} chosen by hand`
  const parts = Object.entries(choice).map(([name, value]) => `${name} is ${value}`)
  return parts.length === 0 ? 'all that are open' : parts.join(', ')
}

function idOf({ id, name }: Person): { id: string; name: string } {
  return { id, name }
}
