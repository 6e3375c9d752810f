/** What the stand-in model answers: the rule-based extractor's reading of the user's text, in the shapes of both APIs. */
import { createHash, randomBytes } from 'node:crypto'
import { extractJobPost } from '../../extraction/index.ts'
import { isRecord } from '../../primitives/index.ts'
import type { Fields } from '../pipeline.ts'
import type { World } from '../world.ts'
import { plainInstance, strictProblem } from './strict-schema.ts'

export type OpenAiAnswer = { status: number; body: unknown }

/** POST /responses */
export function createResponse(world: World, fields: Fields): OpenAiAnswer {
  const { input, text } = fields
  if (input === undefined)
    return badRequest("Missing required parameter: 'input'.", 'input', 'missing_required_parameter')
  const format = isRecord(text) && isRecord(text.format) ? text.format : null
  const model = checkModel(fields)
  if (model !== null) return model
  const problem = checkFormat(format, 'text.format')
  if (problem) return problem
  const prompt = userText(input)
  const answer = think(world, prompt, format?.schema)
  const createdS = Math.floor(world.clock.now() / 1_000)
  return {
    status: 200,
    body: {
      id: newId('resp'),
      object: 'response',
      created_at: createdS,
      completed_at: createdS,
      status: 'completed',
      background: false,
      error: null,
      incomplete_details: null,
      instructions: fields.instructions ?? null,
      max_output_tokens: fields.max_output_tokens ?? null,
      model: fields.model,
      output: [...reasoning(prompt), message(answer)],
      parallel_tool_calls: true,
      previous_response_id: null,
      store: fields.store ?? true,
      temperature: fields.temperature ?? 1,
      text: { format: format ?? { type: 'text' }, verbosity: 'medium' },
      tool_choice: 'auto',
      tools: [],
      top_p: 1,
      truncation: 'disabled',
      usage: responseUsage(prompt + String(fields.instructions ?? ''), answer),
      user: null,
      metadata: fields.metadata ?? {},
    },
  }
}

/** POST /chat/completions */
export function createChatCompletion(world: World, fields: Fields): OpenAiAnswer {
  if (!Array.isArray(fields.messages)) {
    return badRequest("Missing required parameter: 'messages'.", 'messages', 'missing_required_parameter')
  }
  const responseFormat = isRecord(fields.response_format) ? fields.response_format : null
  const named = responseFormat && isRecord(responseFormat.json_schema) ? responseFormat.json_schema : null
  const format: Record<string, unknown> | null = named && { ...named, type: responseFormat?.type }
  const model = checkModel(fields)
  if (model !== null) return model
  const problem = checkFormat(format, 'response_format')
  if (problem) return problem
  const prompt = userText(fields.messages)
  const answer = think(world, prompt, format?.schema)
  const usage = { prompt_tokens: tokens(JSON.stringify(fields.messages)), completion_tokens: tokens(answer) }
  return {
    status: 200,
    body: {
      id: newId('chatcmpl').replace('_', '-'),
      object: 'chat.completion',
      created: Math.floor(world.clock.now() / 1_000),
      model: fields.model,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: answer, refusal: null, annotations: [] },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens },
      service_tier: 'default',
      system_fingerprint: null,
    },
  }
}

/** An error in OpenAI's envelope. */
export function openaiError(
  status: number,
  error: { message: string; type?: string; param?: string | null; code?: string | null },
): OpenAiAnswer {
  return {
    status,
    body: { error: { type: 'invalid_request_error', param: null, code: null, ...error } },
  }
}

function think(world: World, prompt: string, schema: unknown): string {
  if (schema === undefined) return 'I am the stand-in of a language model; I only fill JSON schemas.'
  const properties = isRecord(schema) && isRecord(schema.properties) ? schema.properties : {}
  if (!('isJobPost' in properties)) return JSON.stringify(plainInstance(schema))
  return JSON.stringify(extractJobPost(prompt, { referenceDate: new Date(world.clock.now()) }))
}

/** The last thing the user said, as plain text. */
function userText(input: unknown): string {
  if (typeof input === 'string') return input
  const messages = Array.isArray(input) ? input.filter(isRecord) : []
  const content = messages.findLast((each) => each.role === 'user')?.content
  if (typeof content === 'string') return content
  const parts = Array.isArray(content) ? content.filter(isRecord) : []
  return parts.map((part) => (typeof part.text === 'string' ? part.text : '')).join('\n')
}

/** Half of the answers begin with a reasoning item, so that nobody takes the first item for the message. */
function reasoning(prompt: string): Record<string, unknown>[] {
  const even = (createHash('sha256').update(prompt).digest()[0] ?? 0) % 2 === 0
  return even ? [{ id: newId('rs'), type: 'reasoning', summary: [] }] : []
}

function message(answer: string): Record<string, unknown> {
  return {
    id: newId('msg'),
    type: 'message',
    status: 'completed',
    role: 'assistant',
    content: [{ type: 'output_text', text: answer, annotations: [], logprobs: [] }],
  }
}

function checkModel(fields: Fields): OpenAiAnswer | null {
  const { model } = fields
  if (typeof model !== 'string' || model === '') {
    return badRequest('you must provide a model parameter', 'model', null)
  }
  if (/^(gpt-|chatgpt-|o\d|ft:)/.test(model)) return null
  return openaiError(404, {
    message: `The model \`${model}\` does not exist or you do not have access to it.`,
    code: 'model_not_found',
  })
}

function checkFormat(format: Record<string, unknown> | null, param: string): OpenAiAnswer | null {
  if (format?.type !== 'json_schema') return null
  const name = String(format.name ?? '')
  if (!/^[\w-]{1,64}$/.test(name)) {
    const message = `Invalid '${param}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`
    return badRequest(message, `${param}.name`, 'invalid_value')
  }
  if (format.strict !== true) return null
  const problem = strictProblem(format.schema)
  if (problem === null) return null
  return badRequest(
    `Invalid schema for response_format '${name}': ${problem}`,
    `${param}.schema`,
    'invalid_json_schema',
  )
}

function badRequest(message: string, param: string, code: string | null): OpenAiAnswer {
  return openaiError(400, { message, param, code })
}

function responseUsage(prompt: string, answer: string): Record<string, unknown> {
  const [inputTokens, outputTokens] = [tokens(prompt), tokens(answer)]
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + outputTokens,
  }
}

/** About four characters to the token. */
function tokens(text: string): number {
  return Math.ceil(text.length / 4)
}

function newId(prefix: string): string {
  return `${prefix}_${randomBytes(24).toString('hex')}`
}
