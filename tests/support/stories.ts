import { type ChannelMessage, newNumber, type SandboxWorld, until } from './sandbox-world.ts'

/**
 * What people do, as they would: a moderator whose click gets no answer looks again and clicks again; a sender's text
 * is delivered again until it is taken. Each gives the reference of the submission it made.
 */
export type Story = (world: SandboxWorld) => Promise<Told>
export type Told = { phone: string; reference: string }

/** The outside world's view of one submission: what must be the same with and without a crash. */
export type Outcome = {
  texts: string[]
  slackMessages: number
  slackState: string
  slackReplies: number
  circlePosts: number
}

export const GOOD_POST =
  'Hiring a Senior Gardener at Green Thumb Ltd in Portland, onsite, full time, $60k-70k a year. Apply by Dec 31: https://greenthumb.example/jobs or jobs@greenthumb.example'
const VAGUE = 'hello there, do you take job posts?'
const DAY_MS = 86_400_000

export const approve: Story = async (world) => {
  const told = await submit(world, GOOD_POST)
  const message = await messageOf(world, told)
  await until(async () => {
    await world.click(message, 'job_approve').catch(() => null)
    return decided(world, told)
  }, 'the approval')
  await until(
    async () => (await outcomeOf(world, told)).texts.some((text) => text.includes('is live')),
    'the sender to hear of the post',
  )
  await until(
    async () => (await outcomeOf(world, told)).slackState.includes('Published on Circle'),
    'Slack to show the post',
  )
  return told
}

export const deny: Story = async (world) => {
  const told = await submit(world, GOOD_POST)
  const message = await messageOf(world, told)
  const user = (await world.read()).slack.users[0]?.id
  await until(async () => {
    const clicked = await world.click(message, 'job_deny').catch(() => null)
    if (clicked?.modal) {
      const values = { reason: { value: 'We only post paid jobs' } }
      await world
        .control('POST', `/slack/views/${clicked.modal.viewId}/submit`, { userId: user, values })
        .catch(() => null)
    }
    return decided(world, told)
  }, 'the denial')
  await until(
    async () => (await outcomeOf(world, told)).texts.some((text) => text.includes('was not approved')),
    'the sender to hear of it',
  )
  return told
}

export const expire: Story = async (world) => {
  const told = await submit(world, GOOD_POST)
  await messageOf(world, told)
  await world.control('POST', '/clock', { advanceMs: DAY_MS + 1_000 })
  await until(async () => (await outcomeOf(world, told)).slackReplies === 1, 'the first reminder')
  await world.control('POST', '/clock', { advanceMs: 2 * DAY_MS })
  await until(async () => (await outcomeOf(world, told)).slackReplies === 2, 'the second reminder')
  await world.control('POST', '/clock', { advanceMs: 4 * DAY_MS })
  await until(
    async () =>
      (await outcomeOf(world, told)).texts.some((text) => text.includes('was not reviewed in time')),
    'the sender to hear of it',
  )
  await until(() => decided(world, told), 'Slack to show it')
  return told
}

export const complete: Story = async (world) => {
  const told = await submit(world, VAGUE)
  await until(
    async () => (await outcomeOf(world, told)).texts.some((text) => text.includes('Please reply')),
    'the question for details',
  )
  await world.text(told.phone, GOOD_POST)
  await messageOf(world, told)
  return told
}

export const lapse: Story = async (world) => {
  const told = await submit(world, VAGUE)
  await until(
    async () => (await outcomeOf(world, told)).texts.some((text) => text.includes('Please reply')),
    'the question for details',
  )
  await world.control('POST', '/clock', { advanceMs: DAY_MS + 1_000 })
  return told
}

/** Texts it from a new number, and waits for the thank-you with the reference. */
export async function submit(world: SandboxWorld, body: string): Promise<Told> {
  const phone = newNumber()
  const { reply } = await world.text(phone, body)
  const reference = /KK-[0-9A-Z]{5}/.exec(reply ?? '')?.[0]
  if (!reference) throw new Error(`The answer has no reference: ${reply}`)
  return { phone, reference }
}

export async function messageOf(world: SandboxWorld, told: Told): Promise<ChannelMessage> {
  return until(() => world.message(told.reference), `the Slack message about ${told.reference}`)
}

export async function decided(world: SandboxWorld, told: Told): Promise<boolean> {
  const message = await world.message(told.reference)
  return message !== null && !message.blocks.some((block) => block.type === 'actions')
}

export async function outcomeOf(world: SandboxWorld, told: Told): Promise<Outcome> {
  const { slack, phones, circle } = await world.read()
  const about = (value: unknown) => JSON.stringify(value).includes(told.reference)
  const messages = slack.channels
    .flatMap((channel) => channel.messages)
    .filter((message) => about(message.blocks))
  const last = messages.at(-1)
  const phone = phones.find(({ number }) => number === told.phone)
  const plain = (text: string) =>
    text
      .replaceAll(told.reference, 'REF')
      .replaceAll(/https?:\/\/127[^\s|>]+/g, 'URL')
      .replaceAll(/<!date[^>]+>/g, 'TIME')
  return {
    texts: (phone?.messages ?? [])
      .filter(({ direction }) => direction === 'from_community')
      .map(({ body }) => plain(body)),
    slackMessages: messages.length,
    slackState: plain(lastWords(last)),
    slackReplies: last?.replies.length ?? 0,
    circlePosts: circle.posts.filter((post) => post.text.includes(told.reference)).length,
  }
}

/** The text of the message's last block: what waits, or what was decided. */
function lastWords(message: ChannelMessage | undefined): string {
  const elements = message?.blocks.at(-1)?.elements
  if (!Array.isArray(elements)) return ''
  return elements
    .map((element: unknown) =>
      typeof element === 'object' && element !== null && 'text' in element ? String(element.text) : '',
    )
    .join(' ')
}
