/**
 * Every page in the states that people meet, on a desk and on a phone, light and dark: axe finds nothing, nothing
 * sticks out at the side, and the browser has nothing to complain about.
 */
import { readFileSync } from 'node:fs'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { InboxPage, Role, SubmissionPage } from '../../src/server/contract.ts'
import type { LetterPage } from '../../src/server/dead-letters-contract.ts'
import type { MemberPage } from '../../src/server/membership-contract.ts'
import { newNumber, until } from '../support/sandbox-world.ts'
import { describeInBrowser } from './browser.ts'
import { chosenLooks } from './config.ts'
import { hiring, type Stage, setStage, textPost } from './stage.ts'

const AXE = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
const SIZES = { desk: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } }
const DAY_MS = 86_400_000
const LOOKS = chosenLooks()

/** A page in a state: its address, who looks, and what stands there once it is drawn. */
type Sight = {
  path: string
  role?: Role
  ready: (page: Page) => Promise<unknown>
}

let stage: Stage

await describeInBrowser('accessibility', (executablePath) => {
  beforeAll(async () => {
    stage = await setStage(executablePath)
  })
  afterAll(() => stage?.close())

  describe('before anything happened', () => {
    test.each(Object.entries(EMPTY))('%s', (_name, sight) => checkSight(sight))
  })

  describe('with a week behind it', () => {
    beforeAll(fillWorld)
    test.each(Object.entries(FULL))('%s', (_name, sight) => checkSight(sight))
    test.each(Object.entries(STATES))('post that %s', async (_name, title) => {
      const id = await idOf(title)
      await checkSight({ path: `/posts/${id}`, role: 'owner', ready: heading('Timeline') })
    })
    test.each(Object.entries(MEMBER_STATES))('member: %s', async (_name, { membership, ready }) => {
      await checkSight({ path: await memberPath(membership), role: 'owner', ready })
    })
    test.each(Object.entries(LETTER_STATES))('dead letter: %s', async (_name, ready) => {
      await checkSight({ path: await letterPath('refused'), role: 'operator', ready })
    })
    test.each(['Surveyor', 'Hairdresser'])('run of %s', async (title) => {
      await checkSight({ path: await runPath(title), role: 'owner', ready: heading('Steps') })
    })
  })
})

const EMPTY: Record<string, Sight> = {
  'sign-in': { path: '/', ready: heading('Sign in to Kinkeeper') },
  welcome: { path: '/welcome?token=x', ready: heading('Welcome to Kinkeeper') },
  'welcome without a token': { path: '/welcome', ready: heading('This link is incomplete') },
  inbox: { path: '/', role: 'owner', ready: text('Nothing to decide') },
  overview: { path: '/overview', role: 'viewer', ready: text('Nothing has run yet') },
  runs: { path: '/runs', role: 'operator', ready: heading('Runs') },
  'dead letters': { path: '/dead-letters', role: 'operator', ready: text('Nothing waits for you here') },
  alerts: { path: '/alerts', role: 'operator', ready: text('Nothing is firing') },
  posts: { path: '/posts', role: 'owner', ready: text('No job posts yet') },
  members: { path: '/members', role: 'owner', ready: text('Nobody yet') },
  schedules: { path: '/schedules', role: 'owner', ready: text('It has not fired yet') },
  connections: { path: '/connections', role: 'owner', ready: text('Not asked yet') },
  people: { path: '/people', role: 'owner', ready: heading('Invite somebody') },
  sandbox: { path: '/sandbox', role: 'owner', ready: text('No texts yet') },
  gallery: { path: '/gallery', role: 'owner', ready: heading('Gallery') },
  'a page that is not there': { path: '/nothing', role: 'owner', ready: heading('Not found') },
}

const FULL: Record<string, Sight> = {
  inbox: { path: '/', role: 'owner', ready: text('Needs a look') },
  'inbox with a question': { path: '/', role: 'owner', ready: press('Show all 7', { leadsToDialog: false }) },
  'inbox of a viewer': { path: '/', role: 'viewer', ready: text('Needs a look') },
  'deny, without a reason': { path: '/', role: 'approver', ready: denyWithoutReason },
  edit: { path: '/', role: 'approver', ready: press('Edit') },
  'effect to be resolved': { path: '/', role: 'approver', ready: press('It happened') },
  keys: { path: '/', role: 'approver', ready: pressKeyHelp },
  overview: { path: '/overview', role: 'operator', ready: text('job-post-review') },
  runs: { path: '/runs', role: 'operator', ready: text('Asked for') },
  'runs, nothing found': { path: '/runs?q=zzz', role: 'viewer', ready: text('No run begins with') },
  'pause a job': { path: '/runs', role: 'operator', ready: press('Pause a job') },
  'dead letters': { path: '/dead-letters', role: 'operator', ready: heading('By cause') },
  'dead letters, for a viewer': { path: '/dead-letters', role: 'viewer', ready: heading('By cause') },
  'dead letters, some chosen': { path: '/dead-letters', role: 'operator', ready: chooseAll },
  'dead letters, a runbook': {
    path: '/dead-letters?runbook=dead-letter-refused',
    role: 'operator',
    ready: text('For the community'),
  },
  alerts: { path: '/alerts', role: 'operator', ready: heading('Rules') },
  posts: { path: '/posts', role: 'owner', ready: text('Published') },
  'posts, nothing found': { path: '/posts?q=zzz', role: 'owner', ready: text('zzz') },
  sandbox: { path: '/sandbox', role: 'owner', ready: heading('Phone') },
  'sandbox, Slack': { path: '/sandbox?tab=slack', role: 'owner', ready: heading('Slack') },
  'sandbox, Circle': { path: '/sandbox?tab=circle', role: 'owner', ready: heading('Circle') },
  'sandbox, people': { path: '/sandbox?tab=people', role: 'owner', ready: heading('Clerk and Stripe') },
  'sandbox, Mailchimp': { path: '/sandbox?tab=mailchimp', role: 'owner', ready: heading('Mailchimp') },
  'sandbox, Luma': { path: '/sandbox?tab=luma', role: 'owner', ready: heading('Luma') },
  members: { path: '/members', role: 'owner', ready: text('Active') },
  'members, filtered': {
    path: '/members?membership=active&slack=absent',
    role: 'owner',
    ready: heading('Members'),
  },
  'members, nobody found': { path: '/members?q=zzz', role: 'owner', ready: text('zzz') },
  schedules: { path: '/schedules', role: 'owner', ready: text('started by hand') },
  connections: { path: '/connections', role: 'owner', ready: text('Last answer') },
  'sandbox, controls': { path: '/sandbox?tab=controls', role: 'owner', ready: heading('Controls') },
  audit: { path: '/audit', role: 'owner', ready: text('Head of the chain') },
  'audit, nothing found': {
    path: '/audit?q=zzz&actor=nobody',
    role: 'viewer',
    ready: text('No entry matches'),
  },
  people: { path: '/people', role: 'owner', ready: text('Olive Owner') },
  'people, for an approver': { path: '/people', role: 'approver', ready: text('For owners') },
}

/** What became of the posts of `fillWorld`, and their titles. */
const STATES = {
  'waits for a decision': 'Barista',
  'was published': 'Florist',
  'was denied': 'Veterinarian',
  'timed out': 'Librarian',
  'Circle refused': 'Surveyor',
  'is perhaps on Circle': 'Hairdresser',
  'needs details': 'looking for someone',
  'is one word of 1,500 letters': 'Mechanic',
  'is written from right to left': 'מטבח',
}

/** A member's page, and what may be asked there. */
const MEMBER_STATES = {
  'the page': { membership: 'active', ready: text('Subscribed') },
  'deactivate, without a reason': { membership: 'active', ready: deactivateWithoutReason },
  erase: { membership: 'none', ready: press('Erase') },
} as const

/** A dead letter's page, and what may be asked there. */
const LETTER_STATES = {
  'the page': heading('What a replay would do'),
  'abandon, without a reason': abandonWithoutReason,
  'replay with another input': replayEdited,
}

async function fillWorld(): Promise<void> {
  const { world } = stage
  await textPost(world, 'Librarian')
  await slackMessage('Librarian')
  await world.control('POST', '/clock', { advanceMs: 7 * DAY_MS + 1_000 })
  await decide('Florist', 'job_approve')
  await decide('Veterinarian', 'job_deny')
  const refused = { provider: 'circle', operation: 'posts.create', kind: 'status', status: 422, times: 1 }
  await world.control('POST', '/faults', refused)
  await decide('Surveyor', 'job_approve')
  await until(async () => (await api<SubmissionPage>('/inbox')) && trouble(1), 'the failed publication')
  const unseen = { provider: 'circle', operation: 'posts.list', kind: 'status', status: 403 }
  const lost = { provider: 'circle', operation: 'posts.create', kind: 'drop-after', times: 1 }
  for (const fault of [unseen, lost]) await world.control('POST', '/faults', fault)
  await decide('Hairdresser', 'job_approve')
  await until(() => trouble(2), 'the unknown effect')
  const bodies = [
    hiring('Barista'),
    hiring('Curator').replace('Green Thumb Ltd', 'The Very Long Established Society of Painters and Etchers'),
    `${hiring('Mechanic')} ${'w'.repeat(1_400)}`,
    'דרוש טבח: מטבח בתל אביב, משרה מלאה, 12,000 ש״ח לחודש. Hiring a Cook at מטבח in Tel Aviv. jobs@mitbach.example',
    'looking for someone to help out in our shop a few days a week, good pay, text me',
  ]
  for (const body of bodies) await world.text(newNumber(), body)
  await fillMembership()
  await until(async () => (await api<{ openCount: number }>('/inbox')).openCount >= 5, 'the inbox to fill')
}

/** Seven members, who all ask to come to a dinner that costs something. */
async function fillMembership(): Promise<void> {
  const { world } = stage
  await world.control('POST', '/people', { count: 30, seed: 7 })
  await until(async () => (await memberPage('?membership=active')).items.length >= 7, 'members')
  const { items } = await memberPage('?membership=active')
  const ticket = { amountCents: 12_345, currency: 'usd' }
  const guests = items.slice(0, 7).map(({ name, email }) => ({ name, email, ticket }))
  await world.control('POST', '/luma/events', { name: 'Winter dinner', startsInMs: DAY_MS, guests })
  const page = await stage.open('/schedules', { role: 'owner' })
  await page.getByRole('button', { name: 'Run luma-approval now' }).click()
  await until(async () => (await api<InboxPage>('/inbox')).questions.length > 0, 'the question')
  await page.context().close()
}

function memberPage(query: string): Promise<MemberPage> {
  return api<MemberPage>(`/members${query}`)
}

async function memberPath(membership: 'active' | 'none'): Promise<string> {
  const { items } = await memberPage(`?membership=${membership}`)
  return `/members/${items[0]?.id}`
}

async function letterPath(errorClass: string): Promise<string> {
  const { items } = await api<LetterPage>(`/dead-letters?errorClass=${errorClass}`)
  return `/dead-letters/${items[0]?.id}`
}

async function trouble(count: number): Promise<boolean> {
  return (await api<{ attention: unknown[] }>('/inbox')).attention.length >= count
}

async function decide(title: string, action: 'job_approve' | 'job_deny'): Promise<void> {
  const { world } = stage
  await textPost(world, title)
  const clicked = await world.click(await slackMessage(title), action)
  if (!clicked.modal) return
  const userId = (await world.read()).slack.users[0]?.id
  const values = { reason: { value: 'We only post jobs near here' } }
  await world.control('POST', `/slack/views/${clicked.modal.viewId}/submit`, { userId, values })
}

function slackMessage(title: string) {
  return until(() => stage.world.message(title), `“${title}” in Slack`)
}

async function api<T>(path: string): Promise<T> {
  return stage.api<T>('owner', path)
}

async function idOf(title: string): Promise<string> {
  const { items } = await api<SubmissionPage>(`/submissions?q=${encodeURIComponent(title)}`)
  const [found] = items
  if (!found) throw new Error(`There is no post “${title}”`)
  return found.id
}

async function runPath(title: string): Promise<string> {
  const { runs } = await api<{ runs: { id: string; job: string }[] }>(`/submissions/${await idOf(title)}`)
  const publication = runs.find(({ job }) => job === 'job-post-publication') ?? runs[0]
  return `/runs/${encodeURIComponent(publication?.id ?? '')}`
}

async function checkSight({ path, role, ready }: Sight): Promise<void> {
  const page = await stage.open('/favicon.ico', { ...(role && { role }) })
  const found: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) found.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => found.push(`error: ${error.message}`))
  await page.goto(stage.url + path)
  await ready(page)
  await page.evaluate(AXE)
  for (const { size, colorScheme } of LOOKS) {
    await page.setViewportSize(SIZES[size])
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.evaluate(settle)
    for (const complaint of await page.evaluate(examine)) found.push(`${size}, ${colorScheme}: ${complaint}`)
  }
  await page.context().close()
  expect(found).toEqual([])
}

/** In the page: waits until what moves towards an end has arrived there, and is painted. */
async function settle(): Promise<void> {
  const ending = document
    .getAnimations()
    .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity)
  await Promise.allSettled(ending.map(({ finished }) => finished))
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
}

/** In the page: what axe says, and whether something sticks out at the side. */
async function examine(): Promise<string[]> {
  const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } } // injected above
  const { violations } = await axe.run({ resultTypes: ['violations'] })
  const complaints = violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(' ')} (${failureSummary})`).join('; ')}`,
  )
  const out = document.documentElement.scrollWidth - window.innerWidth
  if (out > 0) complaints.push(`the page is ${out} px wider than the screen`)
  return complaints
}

function heading(name: string) {
  return (page: Page) => page.getByRole('heading', { name, exact: true }).first().waitFor()
}

function text(words: string) {
  return (page: Page) => page.getByText(words).first().waitFor()
}

function press(button: string, { leadsToDialog = true } = {}) {
  return async (page: Page) => {
    await page.getByRole('button', { name: button, exact: true }).first().click()
    if (leadsToDialog) await page.getByRole('dialog').waitFor()
  }
}

async function denyWithoutReason(page: Page): Promise<void> {
  await press('Deny')(page)
  await page.getByRole('dialog').getByRole('button', { name: 'Deny' }).click()
  await page.getByText('Say why: the sender will read it.').waitFor()
}

async function chooseAll(page: Page): Promise<void> {
  await page.getByRole('checkbox', { name: 'All on this page' }).check()
  await page.getByText(/ chosen$/).waitFor()
}

async function abandonWithoutReason(page: Page): Promise<void> {
  await press('Abandon')(page)
  await page.getByRole('dialog').getByRole('button', { name: 'Abandon' }).click()
  await page.getByText('Say why, for those who look at this later.').waitFor()
}

async function replayEdited(page: Page): Promise<void> {
  await press('Replay')(page)
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('combobox', { name: 'From where' }).click()
  await page.getByRole('option', { name: 'From the start, with another input' }).click()
  await dialog.getByRole('textbox', { name: 'Input' }).waitFor()
}

async function deactivateWithoutReason(page: Page): Promise<void> {
  await press('Deactivate')(page)
  await page.getByRole('dialog').getByRole('button', { name: 'Deactivate' }).click()
  await page.getByText('Say why, for those who look at this later.').waitFor()
}

async function pressKeyHelp(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor()
}
