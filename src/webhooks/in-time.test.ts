import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { answerInTime } from './in-time.ts'

const serve = (handler: () => Promise<Response>, limitMs: number) => {
  const app = new Hono()
  app.post('/hook', answerInTime(handler, limitMs))
  return app.request('/hook', { method: 'POST' })
}

test('an answer in time is the answer', async () => {
  expect((await serve(async () => new Response('thanks'), 60_000)).status).toBe(200)
})

test('a refusal in time is thrown on', async () => {
  const refused = await serve(async () => Promise.reject(new Error('no')), 60_000)
  expect(refused.status).toBe(500)
})

test('no answer in time is: send it again, whatever becomes of it', async () => {
  const work = Promise.withResolvers<Response>()
  const late = await serve(() => work.promise, 1)
  expect(late.status).toBe(503)
  expect(late.headers.get('retry-after')).toBe('10')
  expect(await late.json()).toMatchObject({ error: { code: 'unavailable' } })
  work.reject(new Error('the connection broke'))
  await Promise.allSettled([work.promise])
})
