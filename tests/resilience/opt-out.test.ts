/** STOP and its kin, START and HELP: noted, never submissions, never answered by us; who opted out is never texted. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newNumber, until } from '../support/sandbox-world.ts'
import { GOOD_POST, outcomeOf, submit, type Told } from '../support/stories.ts'
import { newMessageSid, send, signedText } from './signed.ts'
import { approvalOf, type Dashboard, type Stage, setStage } from './stage.ts'

let stage: Stage
let dashboard: Dashboard
beforeAll(async () => {
  stage = await setStage()
  dashboard = await stage.dashboard()
})
afterAll(() => stage.close())

const EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'

async function senderOf(phone: string): Promise<{ opted_out: boolean; last_keyword: string | null }> {
  const [sender] = await stage.rows<{ opted_out: boolean; last_keyword: string | null }>(
    'select opted_out_at is not null as opted_out, last_keyword from senders where phone = $1',
    [phone],
  )
  if (!sender) throw new Error('There is no such sender')
  return sender
}

async function text(phone: string, body: string, more: Record<string, string> = {}): Promise<string> {
  const response = await send(signedText(stage.world, { from: phone, body, more }))
  expect(response.status).toBe(200)
  return response.text()
}

async function approve(told: Told): Promise<void> {
  const { id } = await approvalOf(stage, told)
  expect((await dashboard.post(`/approvals/${id}/decision`, { decision: 'approve' })).status).toBe(200)
  await stage.quiet()
}

/** Calls of ours to send a text to this number. */
async function sends(phone: string): Promise<number> {
  const { calls } = await stage.world.control<{ calls: { body: { To?: string } }[] }>(
    'GET',
    '/calls?provider=twilio&operation=messages.create',
  )
  return calls.filter(({ body }) => body.To === phone).length
}

const WORDS: [word: string, kept: string, optedOut: boolean][] = [
  ...['STOP', 'stop', ' Stop \n', 'STOPALL', 'Unsubscribe', 'CANCEL', 'end', 'QUIT', 'REVOKE', 'OPTOUT'].map(
    (word): [string, string, boolean] => [word, 'STOP', true],
  ),
  ...['START', 'yes', 'UNSTOP'].map((word): [string, string, boolean] => [word, 'START', false]),
  ...['HELP', 'info'].map((word): [string, string, boolean] => [word, 'HELP', false]),
]

test.each(WORDS)(
  '%j is noted on the sender, is no submission, and gets no answer',
  async (word, kept, optedOut) => {
    const before = await stage.count('from submissions')
    const phone = newNumber()
    expect(await text(phone, word)).toBe(EMPTY)
    expect(await senderOf(phone)).toEqual({ opted_out: optedOut, last_keyword: kept })
    expect(await stage.count('from submissions')).toBe(before)
    expect(await sends(phone)).toBe(0)
  },
)

test('words that merely begin like one are a text like any other', async () => {
  const phone = newNumber()
  expect(await text(phone, `Stop by our shop! ${GOOD_POST}`)).toContain('Thank you!')
  expect(await senderOf(phone)).toEqual({ opted_out: false, last_keyword: null })
})

test('what Twilio itself says a text is (Advanced Opt-Out) counts, whatever the word', async () => {
  const phone = newNumber()
  expect(await text(phone, 'ALTO', { OptOutType: 'STOP' })).toBe(EMPTY)
  expect((await senderOf(phone)).opted_out).toBe(true)
})

test('START after STOP opts in again, and the next outcome is texted', async () => {
  const told = await submit(stage.world, GOOD_POST)
  await stage.world.text(told.phone, 'STOP')
  await stage.world.text(told.phone, 'START')
  await approve(told)
  expect((await outcomeOf(stage.world, told)).texts.filter((body) => body.includes('is live'))).toHaveLength(
    1,
  )
})

test('who opts out between the text and the decision is not texted; the post appears all the same', async () => {
  const told = await submit(stage.world, GOOD_POST)
  await stage.world.text(told.phone, 'STOP')
  await approve(told)
  const outcome = await outcomeOf(stage.world, told)
  expect(outcome.circlePosts).toBe(1)
  expect(outcome.texts.filter((body) => body.includes('REF'))).toHaveLength(1) // the thank-you, from before
  expect(await sends(told.phone)).toBe(0)
  const said = await stage.count(
    `from audit_entries join submissions on submissions.id = target_id
     where reference = $1 and action = 'did not text the sender'`,
    [told.reference],
  )
  expect(said).toBe(1)
})

test('when only Twilio knows (21610), it is asked once, noted, and never asked again', async () => {
  const told = await submit(stage.world, GOOD_POST)
  // Twilio takes the STOP itself; its delivery to us is lost, both times it tries.
  await stage.world.control('POST', '/faults', {
    provider: 'twilio',
    operation: 'webhook',
    kind: 'drop-before',
    times: 2,
  })
  await stage.world.control('POST', '/texts', { from: told.phone, body: 'STOP' })
  expect((await senderOf(told.phone)).opted_out).toBe(false)
  await approve(told)
  expect(await sends(told.phone)).toBe(1)
  expect(await senderOf(told.phone)).toEqual({ opted_out: true, last_keyword: null })
  expect((await outcomeOf(stage.world, told)).texts.some((body) => body.includes('is live'))).toBe(false)
  const { attention } = await dashboard.get<{ attention: { submission: { reference: string } | null }[] }>(
    '/inbox',
  )
  expect(attention.filter(({ submission }) => submission?.reference === told.reference)).toEqual([])

  const again = await send(
    signedText(stage.world, { from: told.phone, body: GOOD_POST, messageSid: newMessageSid() }),
  )
  expect(await again.text()).toBe(EMPTY) // taken, and not answered
  await until(
    async () =>
      (await stage.count(
        `from approvals join submissions on submissions.id = subject_id
         join senders on senders.id = sender_id where phone = $1`,
        [told.phone],
      )) === 2,
    'the second submission to reach the moderators',
  )
  const [open] = await stage.rows<{ id: string }>(
    `select approvals.id from approvals join submissions on submissions.id = subject_id
     join senders on senders.id = sender_id where phone = $1 and approvals.status = 'open'`,
    [told.phone],
  )
  await dashboard.post(`/approvals/${open?.id}/decision`, { decision: 'deny', reason: 'Enough' })
  await stage.quiet()
  expect(await sends(told.phone)).toBe(1)
})

test('an opt-out that arrives at the moment of the decision: at most one text, and none after it', async () => {
  const all = await Promise.all(Array.from({ length: 12 }, () => submit(stage.world, GOOD_POST)))
  const approvals = await Promise.all(all.map((told) => approvalOf(stage, told)))
  await Promise.all(
    all.flatMap((told, index) => [
      stage.world.text(told.phone, 'STOP'),
      dashboard.post(`/approvals/${approvals[index]?.id}/decision`, { decision: 'approve' }),
    ]),
  )
  await stage.quiet()
  const { phones } = await stage.world.read()
  for (const told of all) {
    const messages = phones.find(({ number }) => number === told.phone)?.messages ?? []
    const stopped = messages.findIndex(({ body }) => body === 'STOP')
    expect(messages.slice(stopped).filter(({ body }) => body.includes('is live'))).toEqual([])
    expect((await outcomeOf(stage.world, told)).circlePosts).toBe(1)
  }
})
