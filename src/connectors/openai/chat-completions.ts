import OpenAI from 'openai'
import { parseJson } from '../../primitives/index.ts'
import type { OpenAiConnector } from '../contract.ts'
import { type Call, errorFor } from '../failures.ts'

export const CHAT_CALL: Call = {
  provider: 'openai',
  operation: 'chat.completions.create',
  effect: 'repeatable',
}

/** Whether a server (an OpenAI-compatible one at OPENAI_BASE_URL) has no Responses API, rather than no such model. */
export function hasNoResponsesApi(error: unknown): boolean {
  return (
    error instanceof OpenAI.APIError &&
    (error.status === 404 || error.status === 405) &&
    error.code !== 'model_not_found'
  )
}

/** The same question by the older Chat Completions API, with the same strict schema. */
export async function extractByChat(
  client: OpenAI,
  model: string,
  { instructions, text, schemaName, jsonSchema, signal }: Parameters<OpenAiConnector['extract']>[0],
): Promise<unknown> {
  const completion = await client.chat.completions.create(
    {
      model,
      messages: [
        { role: 'system', content: instructions },
        { role: 'user', content: text },
      ],
      response_format: {
        type: 'json_schema',
        json_schema: { name: schemaName, strict: true, schema: jsonSchema },
      },
    },
    signal ? { signal } : {},
  )
  const choice = completion.choices?.[0]
  if (choice?.message.refusal || choice?.finish_reason === 'content_filter') {
    throw errorFor(CHAT_CALL, {
      kind: 'refused',
      explanation: 'The model refused to read the text.',
      status: 200,
      code: 'refusal',
    })
  }
  const json = parseJson(choice?.message.content ?? '')
  if (json === undefined) throw errorFor(CHAT_CALL, { kind: 'unreadable', status: 200 })
  return json
}
