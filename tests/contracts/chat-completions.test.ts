import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { connectorsAt } from './connectors-at.ts'

test('a compatible server without the Responses API is asked by Chat Completions, and from then on at once', async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    request.resume().once('end', () => {
      const chat = request.url === '/openai/v1/chat/completions'
      response.writeHead(chat ? 200 : 404, { 'content-type': 'application/json' })
      const completion = {
        choices: [
          {
            index: 0,
            finish_reason: 'stop',
            message: { role: 'assistant', content: '{"fine":true}', refusal: null },
          },
        ],
      }
      response.end(JSON.stringify(chat ? completion : { detail: 'Not Found' }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = address !== null && typeof address !== 'string' ? address.port : 0
  const { openai } = connectorsAt(`http://127.0.0.1:${port}`)
  const question = { instructions: 'Read', text: 'Hiring', schemaName: 'job', jsonSchema: { type: 'object' } }
  expect(await openai.extract(question)).toEqual({ fine: true })
  expect(await openai.extract(question)).toEqual({ fine: true })
  expect(asked).toEqual([
    '/openai/v1/responses',
    '/openai/v1/chat/completions',
    '/openai/v1/chat/completions',
  ])
  server.closeAllConnections()
  server.close()
})
