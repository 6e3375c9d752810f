/** The membership as people meet it: members are found, ended and taken back, questions answered, outages seen. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MemberDetail, MemberPage } from '../../src/server/membership-contract.ts'
import { until } from '../support/sandbox-world.ts'
import { describeInBrowser } from './browser.ts'
import { PHONE, type Stage, setStage } from './stage.ts'

type Person = { clerkUserId: string; email: string; name: string }

const DAY_MS = 86_400_000

let stage: Stage

await describeInBrowser('the membership, through the dashboard', (executablePath) => {
  beforeAll(async () => {
    stage = await setStage(executablePath)
  })
  afterAll(() => stage?.close())

  test('somebody signs up in the sandbox, and appears without a reload', signUpInTheSandbox)
  test('a member is found by search, ended by hand, and taken back, by keyboard alone', endAndTakeBack)
  test('filters are in the address, and stay when one comes back', filters)
  test('by thumb on a phone: through “More” to the connections, and a member is synced', byThumb)
  test('guests who would be charged are put to a person, who answers by a key', chargeQuestion)
  test('while Mailchimp is away a run waits and says so; it goes on when it is back', outage)
  test('a viewer sees it all and is offered nothing', viewer)
  test('what is kept about a member can be downloaded', download)
  test('an operator imports who was there already, and is led to the run', importWhoWasThere)
  test('an owner erases somebody whose membership has ended, by typing the address', erase)
})

async function signUpInTheSandbox() {
  const page = await stage.open('/members', { role: 'approver' })
  await page.getByText('npm run story -- signup').waitFor()
  await page.evaluate(() => document.body.setAttribute('data-not-reloaded', ''))
  const sandbox = await stage.open('/sandbox', { role: 'approver' })
  const clerk = sandbox.getByRole('region', { name: 'Clerk and Stripe' })
  await clerk.getByRole('button', { name: 'Sign somebody up' }).click()
  await clerk.getByRole('button', { name: 'Cancel at period end' }).waitFor()
  const mailchimp = sandbox.getByRole('region', { name: 'Mailchimp' })
  await mailchimp.getByText('1 mail', { exact: true }).waitFor()
  await page.getByRole('row', { name: /Active/ }).waitFor()
  expect(await page.locator('[data-not-reloaded]').count()).toBe(1)
  await clerk.getByRole('button', { name: 'Cancel at period end' }).click()
  await page.getByRole('row', { name: /Cancelled/ }).waitFor()
  await closeAll(page, sandbox)
}

async function endAndTakeBack() {
  const ada = await member('Ada Whitfield')
  await member('Bo Lindqvist')
  const page = await stage.open('/members', { role: 'approver' })
  await page.getByRole('row', { name: /Bo Lindqvist/ }).waitFor()
  const { keyboard } = page
  await keyboard.press('/')
  await page.locator('#search:focus').waitFor()
  await keyboard.type('whit')
  await keyboard.press('Enter')
  await page.getByRole('row', { name: /Bo Lindqvist/ }).waitFor({ state: 'detached' })
  await page.getByRole('row', { name: /Ada Whitfield/ }).waitFor()
  await keyboard.press('Tab')
  await keyboard.press('j')
  await keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Line of life' }).waitFor()
  await page.getByText('Counts as a member: the subscription is paid.').waitFor()
  await life(page, 'The next payment is due').waitFor()

  await tabTo(page, 'Deactivate')
  await keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Deactivate Ada Whitfield?' })
  await dialog.getByRole('textbox', { name: 'Reason' }).waitFor()
  await tabTo(page, 'Deactivate')
  await keyboard.press('Enter')
  await dialog.getByText('Say why, for those who look at this later.').waitFor()
  await dialog.getByRole('textbox', { name: 'Reason' }).focus()
  await keyboard.type('Broke the rules twice')
  await tabTo(page, 'Deactivate')
  await keyboard.press('Enter')
  await dialog.waitFor({ state: 'detached' })
  await page.getByText('Not a member: deactivated by hand.').waitFor()
  await life(page, 'The membership ended').waitFor()
  await life(page, 'Broke the rules twice').waitFor()
  await tagsOf(ada.email, ['alumni'])

  await page.getByRole('button', { name: 'Undo' }).focus()
  await keyboard.press('Enter')
  await page.getByText('Counts as a member: the subscription is paid.').waitFor()
  await life(page, 'The end was taken back').waitFor()
  await page.getByRole('button', { name: 'Undo' }).waitFor({ state: 'detached' })
  await tagsOf(ada.email, ['active'])
  await closeAll(page)
}

async function filters() {
  const page = await stage.open('/members', { role: 'viewer' })
  await page.getByRole('link', { name: /^Never members/ }).click()
  await page.getByText('Nobody matches these filters').waitFor()
  expect(new URL(page.url()).searchParams.get('membership')).toBe('none')
  await page.reload()
  await page.getByText('Nobody matches these filters').waitFor()
  await page.getByRole('link', { name: /^Never members/ }).click()
  await page.getByRole('row', { name: /Ada Whitfield/ }).waitFor()
  await closeAll(page)
}

async function byThumb() {
  const page = await stage.open('/', { role: 'approver', ...PHONE })
  await page.getByRole('button', { name: 'More' }).tap()
  await page.getByRole('menuitem', { name: 'Connections' }).tap()
  await page.getByRole('article', { name: 'Mailchimp' }).getByText('Answering').waitFor()
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Members' }).tap()
  await page.getByRole('link', { name: 'Ada Whitfield' }).tap()
  await page.getByRole('button', { name: 'Sync now' }).tap()
  // Not by the notice, which goes away by itself: on a busy machine sooner than a thumb can follow.
  const entries = page.getByRole('region', { name: 'Line of life' }).getByRole('listitem')
  await entries.filter({ hasText: 'Asked for a sync' }).getByRole('link', { name: 'run' }).first().tap()
  await page.getByRole('heading', { level: 1, name: 'member-sync' }).waitFor()
  await page.getByText('Succeeded').first().waitFor()
  await page.getByRole('link', { name: 'The member' }).tap()
  await life(page, 'Asked for a sync').waitFor()
  await closeAll(page)
}

async function chargeQuestion() {
  const { world } = stage
  const guest = await member('Cleo Marsh')
  const ticket = { amountCents: 124_000, currency: 'usd' }
  const guests = [{ email: guest.email, name: guest.name, ticket }]
  await world.control('POST', '/luma/events', { name: 'Winter dinner', startsInMs: DAY_MS, guests })
  const page = await stage.open('/schedules', { role: 'operator' })
  await page.getByRole('button', { name: 'Run luma-approval now' }).click()
  const schedule = page.getByRole('article', { name: 'luma-approval' })
  await schedule.getByText('Succeeded').waitFor()
  await schedule.getByText(/started by hand/).waitFor()
  await page.getByRole('link', { name: /^Inbox/ }).click()
  const question = page.getByRole('article', { name: /Winter dinner/ })
  await question.getByText('Together $1,240.00').waitFor()
  await question.getByText('Cleo Marsh').waitFor()
  await page.keyboard.press('j')
  await page.keyboard.press('a')
  await question.waitFor({ state: 'detached' })
  await page.getByText('Nothing to decide').waitFor()
  await until(async () => (await world.read()).luma.charges.length === 1, 'the charge')
  expect((await world.read()).luma.charges[0]).toMatchObject({ email: guest.email, amountCents: 124_000 })
  await closeAll(page)
}

async function outage() {
  const { world } = stage
  await world.control('POST', '/faults', {
    provider: 'mailchimp',
    operation: '*',
    kind: 'status',
    status: 503,
  })
  const person = await signUp('Dov Kagan')
  await signUp('Eli Kagan')
  await signUp('Fia Kagan')
  const page = await stage.open('/connections', { role: 'viewer' })
  const mailchimp = page.getByRole('article', { name: 'Mailchimp' })
  await mailchimp.getByText('Away', { exact: true }).waitFor()
  await mailchimp.getByText(/runs? waits? for Mailchimp/).waitFor()
  const runId = await until(() => waitingSync(person), 'a run that waits')
  await page.goto(`${stage.url}/runs/${encodeURIComponent(runId)}`)
  await page.getByText('Waiting for Mailchimp to come back').waitFor()
  await world.control('DELETE', '/faults')
  await page.getByText('Succeeded').first().waitFor({ timeout: 90_000 })
  await page.getByText('Waiting for Mailchimp to come back').waitFor({ state: 'detached' })
  await page.goto(`${stage.url}/connections`)
  await mailchimp.getByText('Answering').waitFor()
  await closeAll(page)
}

async function viewer() {
  const page = await stage.open('/members', { role: 'viewer' })
  await page.getByRole('link', { name: 'Ada Whitfield' }).click()
  await page.getByRole('heading', { name: 'Line of life' }).waitFor()
  expect(await page.getByRole('button', { name: /Sync|Deactivate|Undo|Erase/ }).count()).toBe(0)
  expect(await page.getByRole('link', { name: 'Export' }).count()).toBe(0)
  await page.getByRole('link', { name: 'Schedules' }).click()
  await page.getByRole('article', { name: 'luma-approval' }).waitFor()
  expect(await page.getByRole('button', { name: /Run/ }).count()).toBe(0)
  await closeAll(page)
}

async function download() {
  const page = await stage.open('/members?q=ada', { role: 'approver' })
  await page.getByRole('link', { name: 'Ada Whitfield' }).click()
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Export' }).click(),
  ])
  expect(file.suggestedFilename()).toMatch(/^mem_\w+\.json$/)
  await page.reload()
  await life(page, 'Everything kept about them was downloaded').waitFor()
  await closeAll(page)
}

async function importWhoWasThere() {
  await stage.world.control('POST', '/deliveries/hold', {})
  const person = await signUp('Ida Renkema')
  const viewing = await stage.open('/members', { role: 'approver' })
  await viewing.getByRole('row', { name: /Ada Whitfield/ }).waitFor()
  expect(await viewing.getByRole('button', { name: 'Import members' }).count()).toBe(0)
  const page = await stage.open('/members', { role: 'operator' })
  await page.getByRole('button', { name: 'Import members' }).click()
  const dialog = page.getByRole('dialog', { name: 'Import the members that there are?' })
  await dialog.getByText('Nobody who was a member before now is welcomed').waitFor()
  await page.waitForFunction((atMs) => Date.now() > atMs, Date.now() + 1_000) // Stripe counts in seconds
  await dialog.getByRole('button', { name: 'Import', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'member-import' }).waitFor()
  await viewing.getByRole('row', { name: /Ida Renkema/ }).waitFor()
  await tagsOf(person.email, ['active'])
  const contact = (await stage.world.read()).mailchimp.contacts.find(({ email }) => email === person.email)
  expect(contact?.mails).toEqual([])
  expect((await detailOf(person))?.mailchimp.welcomedAt).toBeNull()
  await stage.world.control('POST', '/deliveries/release', {})
  await closeAll(page, viewing)
}

async function erase() {
  const person = await member('Gus Oyelaran')
  const page = await stage.open('/members?q=oyelaran', { role: 'owner' })
  await page.getByRole('link', { name: 'Gus Oyelaran' }).click()
  await page.getByText('To erase them, deactivate them first.').waitFor()
  await page.getByRole('button', { name: 'Deactivate' }).click()
  await page.getByRole('textbox', { name: 'Reason' }).fill('Asked to be forgotten')
  await page.getByRole('dialog').getByRole('button', { name: 'Deactivate' }).click()
  await page.getByRole('button', { name: 'Erase' }).click()
  const dialog = page.getByRole('dialog', { name: 'Erase Gus Oyelaran?' })
  await dialog.getByLabel('Their address').fill('gus@example.org')
  await dialog.getByRole('button', { name: 'Erase for good' }).click()
  await dialog.getByText('Type it exactly as it stands above.').waitFor()
  await dialog.getByLabel('Their address').fill(person.email)
  await dialog.getByRole('button', { name: 'Erase for good' }).click()
  await page.getByRole('heading', { level: 1, name: 'An erased person' }).waitFor()
  expect(await page.getByText(person.email).count()).toBe(0)
  await closeAll(page)
}

/** Signs up with Clerk and pays with Stripe. */
function signUp(name: string): Promise<Person> {
  const email = `${name.toLowerCase().replaceAll(' ', '.')}@example.org`
  return stage.world.control<Person>('POST', '/people/signup', { name, email })
}

/** The same, and has become a member whom Mailchimp knows. */
async function member(name: string): Promise<Person> {
  const person = await signUp(name)
  await until(async () => {
    const found = (await detailOf(person))?.mailchimp
    return Boolean(found?.welcomedAt)
  }, `${name} to be welcomed`)
  return person
}

async function detailOf({ email }: Person): Promise<MemberDetail | null> {
  const { items } = await stage.api<MemberPage>('owner', `/members?q=${encodeURIComponent(email)}`)
  const [found] = items
  return found ? stage.api<MemberDetail>('owner', `/members/${found.id}`) : null
}

/** The run that syncs this person, while it waits for Mailchimp. */
async function waitingSync(person: Person): Promise<string | null> {
  const entries = (await detailOf(person))?.life ?? []
  return entries.find(({ text }) => text.startsWith('A sync waits for Mailchimp'))?.runId ?? null
}

async function tagsOf(email: string, tags: string[]): Promise<void> {
  await until(async () => {
    const contact = (await stage.world.read()).mailchimp.contacts.find((known) => known.email === email)
    return JSON.stringify(contact?.tags) === JSON.stringify(tags)
  }, `${email} to be tagged ${tags.join()}`)
}

/** Something in the line of life. */
function life(page: Page, words: string) {
  return page.getByRole('region', { name: 'Line of life' }).getByText(words).first()
}

/** Presses Tab until the button with this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  const focused = page.locator('button:focus', { hasText: new RegExp(`^${name}$`) })
  for (let presses = 0; presses < 20; presses++) {
    if ((await focused.count()) > 0) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not lead to “${name}”`)
}

async function closeAll(...pages: Page[]): Promise<void> {
  for (const page of pages) await page.context().close()
}
