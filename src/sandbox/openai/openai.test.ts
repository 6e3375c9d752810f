import OpenAI from 'openai'
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { JOB_POST_SCHEMA_NAME, jobPostJsonSchema, parsedJobPostSchema } from '../../extraction/index.ts'
import { SANDBOX_CREDENTIALS, startTestSandbox } from '../fixtures.ts'

const POST = 'Hiring a barista at Blue Café in Oakland, $22/hr. Apply: jobs@bluecafe.example'

async function start(apiKey: string = SANDBOX_CREDENTIALS.openaiApiKey) {
  const sandbox = await startTestSandbox()
  const client = new OpenAI({ apiKey, baseURL: `${sandbox.url}/openai/v1`, maxRetries: 0 })
  return { sandbox, client }
}

const jobFormat = {
  type: 'json_schema' as const,
  name: JOB_POST_SCHEMA_NAME,
  strict: true,
  schema: jobPostJsonSchema,
}

test('the official SDK gets a job post that satisfies the schema, some answers beginning with reasoning', async () => {
  const { client } = await start()
  const kinds = new Set<string | undefined>()
  for (let number = 0; number < 12; number++) {
    const response = await client.responses.create({
      model: 'gpt-5-mini',
      instructions: 'Fill in the fields.',
      input: [{ role: 'user', content: [{ type: 'input_text', text: `${POST} (${number})` }] }],
      text: { format: jobFormat },
      store: false,
    })
    kinds.add(response.output[0]?.type)
    const parsed = parsedJobPostSchema.parse(JSON.parse(response.output_text))
    expect(parsed).toMatchObject({
      isJobPost: true,
      fields: { apply: { value: { email: 'jobs@bluecafe.example' } } },
    })
    expect(response.usage?.total_tokens).toBeGreaterThan(0)
    expect(response._request_id).toMatch(/^req_/)
  }
  expect([...kinds].toSorted()).toEqual(['message', 'reasoning'])
})

test('the zod helpers of both APIs work, for any schema', async () => {
  const { client } = await start()
  const schema = z.object({
    mood: z.enum(['good', 'bad']),
    note: z.string().nullable(),
    tags: z.array(z.string()),
  })
  const response = await client.responses.parse({
    model: 'gpt-5-mini',
    input: 'Hello',
    text: { format: zodTextFormat(schema, 'mood') },
  })
  expect(response.output_parsed).toEqual({ mood: 'good', note: null, tags: [] })
  const completion = await client.chat.completions.parse({
    model: 'gpt-5-mini',
    messages: [{ role: 'user', content: 'Hello' }],
    response_format: zodResponseFormat(schema, 'mood'),
  })
  expect(completion.choices[0]).toMatchObject({
    finish_reason: 'stop',
    message: { parsed: { mood: 'good' } },
  })
})

test('chat completions read a job post too', async () => {
  const { client } = await start()
  const completion = await client.chat.completions.create({
    model: 'gpt-5-mini',
    messages: [{ role: 'user', content: POST }],
    response_format: { type: 'json_schema', json_schema: jobFormat },
  })
  const parsed = parsedJobPostSchema.parse(JSON.parse(completion.choices[0]?.message.content ?? ''))
  expect(parsed.isJobPost).toBe(true)
})

test.each([
  [
    'optional properties',
    { type: 'object', properties: { a: { type: 'string' } }, required: [], additionalProperties: false },
  ],
  ['additional properties', { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }],
  ['a root that is no object', { type: 'array', items: { type: 'string' } }],
  [
    'a default',
    {
      type: 'object',
      properties: { a: { type: 'string', default: '' } },
      required: ['a'],
      additionalProperties: false,
    },
  ],
])('a schema with %s is not strict: 400', async (_name, schema) => {
  const { client } = await start()
  const create = client.responses.create({
    model: 'gpt-5-mini',
    input: 'x',
    text: { format: { ...jobFormat, schema } },
  })
  await expect(create).rejects.toMatchObject({
    status: 400,
    code: 'invalid_json_schema',
    param: 'text.format.schema',
  })
})

test('a wrong key is 401, an unknown model 404', async () => {
  const { client } = await start('wrong')
  const create = client.responses.create({ model: 'gpt-5-mini', input: 'x' })
  await expect(create).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' })
  const { client: right } = await start()
  const unknown = right.responses.create({ model: 'llama', input: 'x' })
  await expect(unknown).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
})

test('both kinds of 429 can be had', async () => {
  const { client, sandbox } = await start()
  const create = () => client.responses.create({ model: 'gpt-5-mini', input: 'x' })
  const fault = { provider: 'openai', operation: '*', kind: 'rate-limit', times: 1 }
  await sandbox.control('POST', '/faults', { ...fault, retryAfterS: 7 })
  const limited = await create().catch((error: unknown) => error)
  expect(limited).toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
  expect(limited instanceof OpenAI.APIError && limited.headers?.get('retry-after')).toBe('7')
  await sandbox.control('POST', '/faults', { ...fault, code: 'insufficient_quota' })
  await expect(create()).rejects.toMatchObject({
    status: 429,
    code: 'insufficient_quota',
    type: 'insufficient_quota',
  })
})
