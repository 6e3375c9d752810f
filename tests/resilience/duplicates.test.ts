/** The same delivery, arriving any number of times, at once, and after a crash, changes the world once. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newNumber } from '../support/sandbox-world.ts'
import { GOOD_POST, outcomeOf } from '../support/stories.ts'
import { newMessageSid, send, signedText } from './signed.ts'
import { type Stage, setStage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await setStage()
})
afterAll(() => stage.close())

const TIMES = 50
const REFERENCE = /KK-[0-9A-Z]{5}/

async function answersTo(request: Parameters<typeof send>[0]): Promise<{ status: number; twiml: string }[]> {
  return Promise.all(
    Array.from({ length: TIMES }, async () => {
      const response = await send(request)
      return { status: response.status, twiml: await response.text() }
    }),
  )
}

test('one text fifty times at once, and again after the program was killed, is one submission', async () => {
  const phone = newNumber()
  const request = signedText(stage.world, { from: phone, body: GOOD_POST })
  const first = await answersTo(request)
  await stage.crash()
  const again = await answersTo(request)

  const [answer] = first
  expect(answer?.status).toBe(200)
  expect(answer?.twiml).toMatch(REFERENCE)
  expect(new Set([...first, ...again].map((each) => JSON.stringify(each))).size).toBe(1)
  await stage.quiet()
  const reference = REFERENCE.exec(answer?.twiml ?? '')?.[0] ?? ''
  expect(await stage.count('from submissions')).toBe(1)
  expect(await stage.count('from submission_texts')).toBe(1)
  expect(await stage.rows('select repeats from deliveries')).toEqual([{ repeats: 2 * TIMES - 1 }])
  expect(await outcomeOf(stage.world, { phone, reference })).toMatchObject({ slackMessages: 1, texts: [] })
})

test('killed while fifty deliveries of one text are being answered, it is still one submission', async () => {
  const before = await stage.count('from submissions')
  const phone = newNumber()
  const request = signedText(stage.world, { from: phone, body: GOOD_POST })
  const underWay = Array.from({ length: TIMES }, () =>
    send(request).then(
      (response) => response.text(),
      () => 'lost',
    ),
  )
  await Promise.race(underWay)
  await stage.crash()
  const heard = new Set((await Promise.all(underWay)).filter((text) => REFERENCE.test(text)))
  const [again] = await answersTo(request)
  expect(new Set([...heard, again?.twiml]).size).toBe(1)
  await stage.quiet()
  expect(await stage.count('from submissions')).toBe(before + 1)
  const reference = REFERENCE.exec(again?.twiml ?? '')?.[0] ?? ''
  expect((await outcomeOf(stage.world, { phone, reference })).slackMessages).toBe(1)
})

test('two different texts at once from one new number are two submissions of one sender', async () => {
  const phone = newNumber()
  const replies = await Promise.all(
    [GOOD_POST, GOOD_POST.replace('Gardener', 'Florist')].map(async (body) =>
      (await send(signedText(stage.world, { from: phone, body }))).text(),
    ),
  )
  const references = replies.map((reply) => REFERENCE.exec(reply)?.[0] ?? '')
  expect(new Set(references).size).toBe(2)
  await stage.quiet()
  expect(await stage.count('from senders where phone = $1', [phone])).toBe(1)
  for (const reference of references) {
    expect((await outcomeOf(stage.world, { phone, reference })).slackMessages).toBe(1)
  }
})

test('of nine texts at once from one number five are taken, and four are refused politely, recorded and not parsed', async () => {
  const phone = newNumber()
  const replies = await Promise.all(
    Array.from({ length: 9 }, async () =>
      (await send(signedText(stage.world, { from: phone, body: GOOD_POST }))).text(),
    ),
  )
  expect(replies.filter((reply) => reply.includes('Thank you! We have your job post'))).toHaveLength(5)
  expect(replies.filter((reply) => reply.includes('Please text this one again in an hour'))).toHaveLength(4)
  await stage.quiet()
  const refused = await stage.rows<{ id: string; parsed: unknown; reference: string }>(
    `select submissions.id, parsed, reference from submissions join senders on senders.id = sender_id
     where phone = $1 and status = 'refused'`,
    [phone],
  )
  expect(refused.map(({ parsed }) => parsed)).toEqual([null, null, null, null])
  for (const { id, reference } of refused) {
    expect(await stage.count('from dbos.workflow_status where workflow_uuid like $1', [`%${id}%`])).toBe(0)
    expect((await outcomeOf(stage.world, { phone, reference })).slackMessages).toBe(0)
  }
  await stage.world.control('POST', '/clock', { advanceMs: 3_600_000 + 1_000 })
  await expect
    .poll(async () =>
      (
        await send(signedText(stage.world, { from: phone, body: GOOD_POST, messageSid: newMessageSid() }))
      ).text(),
    )
    .toContain('Thank you! We have your job post')
})
