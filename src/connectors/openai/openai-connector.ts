import OpenAI from 'openai'
import type { Response } from 'openai/resources/responses/responses'
import { type KinkeeperError, parseJson, SECOND_MS } from '../../primitives/index.ts'
import type { Gate, OpenAiConnector } from '../contract.ts'
import { attempt, type Call, errorFor } from '../failures.ts'
import { CHAT_CALL, extractByChat, hasNoResponsesApi } from './chat-completions.ts'
import { OPENAI_PAUSE_MS, openAiError } from './openai-errors.ts'

export type OpenAiSettings = {
  apiKey: string
  model: string
  /** The API's base including `/v1`; OpenAI's own when absent. */
  baseUrl?: string | undefined
  timeoutMs?: number | undefined
}

/** A job post fits into a fraction of this; it bounds what a runaway answer costs. */
const MAX_OUTPUT_TOKENS = 8_000
const CALL: Call = { provider: 'openai', operation: 'responses.create', effect: 'repeatable' }

/**
 * OpenAI through its official SDK: the Responses API with a strict JSON schema, nothing stored there, no retries. A
 * compatible server that has only Chat Completions is asked by that from its first 404 on.
 */
export function createOpenAiConnector(settings: OpenAiSettings, gate: Gate): OpenAiConnector {
  const client = new OpenAI({
    apiKey: settings.apiKey,
    baseURL: settings.baseUrl ?? 'https://api.openai.com/v1',
    organization: null,
    project: null,
    maxRetries: 0,
    timeout: settings.timeoutMs ?? 30 * SECOND_MS,
    logLevel: 'off',
  })
  let byChat = false
  const ask = (call: Call, by: typeof extractByChat, request: Parameters<OpenAiConnector['extract']>[0]) => {
    const map = (_call: Call, error: unknown) => {
      // Given up by the caller: that says nothing about OpenAI, and is thrown as the caller knows it.
      request.signal?.throwIfAborted()
      return openAiError(call, error)
    }
    return attempt(gate, call, map, () => by(client, settings.model, request))
  }
  return {
    async extract(request) {
      if (byChat) return ask(CHAT_CALL, extractByChat, request)
      try {
        return await ask(CALL, extractByResponses, request)
      } catch (error) {
        if (!(error instanceof Error) || !hasNoResponsesApi(error.cause)) throw error
        const answer = await ask(CHAT_CALL, extractByChat, request)
        byChat = true
        return answer
      }
    },
  }
}

async function extractByResponses(
  client: OpenAI,
  model: string,
  { instructions, text, schemaName, jsonSchema, signal }: Parameters<OpenAiConnector['extract']>[0],
): Promise<unknown> {
  const response = await client.responses.create(
    {
      model,
      instructions,
      input: [{ role: 'user', content: [{ type: 'input_text', text }] }],
      text: { format: { type: 'json_schema', name: schemaName, strict: true, schema: jsonSchema } },
      max_output_tokens: MAX_OUTPUT_TOKENS,
      store: false,
    },
    signal ? { signal } : {},
  )
  return answerOf(response)
}

/**
 * The model's JSON out of a response. The message is not always the first item (reasoning comes before it), and may
 * be a refusal. Throws RetryError when the answer is cut or no JSON, NeverRetryError when the model will not answer.
 */
function answerOf(response: Pick<Response, 'status' | 'output' | 'error' | 'incomplete_details'>): unknown {
  if (response.status === 'incomplete' && response.incomplete_details?.reason === 'content_filter') {
    throw refused('content_filter', 'OpenAI’s content filter stopped the answer.')
  }
  if (response.status === 'failed') throw failed(response.error?.code ?? 'failed')
  if (response.status !== 'completed') {
    const code = response.incomplete_details?.reason ?? response.status ?? 'no status'
    throw errorFor(CALL, { kind: 'broken', status: 200, code })
  }
  const parts = (response.output ?? []).flatMap((item) => (item.type === 'message' ? item.content : []))
  if (parts.some((part) => part.type === 'refusal')) {
    throw refused('refusal', 'The model refused to read the text.')
  }
  const json = parseJson(parts.map((part) => (part.type === 'output_text' ? part.text : '')).join(''))
  if (json === undefined) throw errorFor(CALL, { kind: 'unreadable', status: 200 })
  return json
}

function failed(code: string): KinkeeperError {
  if (code === 'rate_limit_exceeded') {
    return errorFor(CALL, { kind: 'rate_limited', retryAfterMs: OPENAI_PAUSE_MS, status: 200, code })
  }
  if (code === 'invalid_prompt') return refused(code, 'OpenAI refused the prompt.')
  return errorFor(CALL, { kind: 'broken', status: 200, code })
}

function refused(code: string, explanation: string): KinkeeperError {
  return errorFor(CALL, { kind: 'refused', explanation, status: 200, code })
}
