/** Dead letters as operators meet them: looked at, replayed, abandoned, edited; many at once only by two people. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditPage } from '../../src/server/audit-contract.ts'
import type { LetterPage } from '../../src/server/dead-letters-contract.ts'
import { newNumber, until } from '../support/sandbox-world.ts'
import { describeInBrowser } from './browser.ts'
import { circlePost, hiring, PHONE, type Stage, setStage } from './stage.ts'

/** One more than a person may act on alone. */
const MANY = 21

let stage: Stage

await describeInBrowser('dead letters, through the dashboard', (executablePath) => {
  beforeAll(async () => {
    stage = await setStage(executablePath)
  })
  afterAll(() => stage?.close())

  test('a life: seen by its cause, planned, replayed, succeeded, and gone from those that are open', life)
  test('by thumb on a phone: abandoned, with a reason', abandonByThumb)
  test('replayed with another input, which is refused until it fits', editInput)
  test('an open dialog stays about what it was opened for, whatever comes and goes', whileWriting)
  test(`${MANY} at once wait for a second person, and then all are done, each once`, twoPeople)
  test('undone: what was changed is as before, and what follows is shown', undo)
  test('a viewer sees everything, and is told who can act', asViewer)
  test(
    'who is still writing what became of an effect when somebody else says it loses no words',
    saidElsewhere,
  )
})

async function life() {
  await failPublications(['Gardener'])
  const page = await stage.open('/dead-letters', { role: 'operator' })
  const group = page.getByRole('article', { name: /Circle refused this request/ })
  await group.getByRole('heading', { name: 'Circle refused this request · one run' }).waitFor()
  await group.getByRole('link', { name: 'What to do (runbook)' }).click()
  await page.getByRole('dialog').getByText('For the community:').waitFor()
  expect(page.url()).toContain('runbook=dead-letter-refused')
  await page.keyboard.press('Escape')
  await group.getByRole('link', { name: 'Look at it' }).click()

  await page.getByText('Attempt 1', { exact: true }).waitFor()
  await page.getByText('Would be tried').waitFor()
  await page.getByText('it would keep what these answered: compose the post.').waitFor()
  const undo = page.getByRole('button', { name: 'Undo' })
  expect(await undo.isDisabled()).toBe(true)
  expect(await describedBy(page, 'Undo')).toBe('No undo: no finished step has changed anything.')

  await page.keyboard.press('r')
  await page.getByRole('dialog').getByRole('button', { name: 'Replay' }).click()
  await page.getByText(/^Replayed by Oscar Operator/).waitFor()
  await page.getByText('Succeeded').waitFor()
  await circlePost(stage.world, 'Gardener')
  expect(await page.getByRole('button', { name: 'Replay' }).count()).toBe(0)

  await page.goto(`${stage.url}/dead-letters`)
  await page.getByText('Nothing waits for you here').waitFor()
  await page.getByRole('tab', { name: 'Replayed' }).click()
  await page.getByRole('link', { name: /job-post-publication/ }).waitFor()
  expect(page.url()).toContain('status=replayed')
  expect(await deedsOf('usr_sandbox_operator')).toContain('replayed from the failed step')
  await page.context().close()
}

async function abandonByThumb() {
  await failPublications(['Plumber'])
  const page = await openTheOnly(PHONE)
  await page.getByRole('button', { name: 'Abandon' }).tap()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Abandon' }).tap()
  await dialog.getByText('Say why, for those who look at this later.').waitFor()
  await dialog.getByLabel('Reason').fill('The shop has closed')
  await dialog.getByRole('button', { name: 'Abandon' }).tap()
  await page.getByText(/^Abandoned by Oscar Operator/).waitFor()
  await page.getByText('Because: The shop has closed').waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  expect(await deedsOf('usr_sandbox_operator')).toContain('abandoned')
  await page.context().close()
}

async function editInput() {
  await failPublications(['Carpenter'])
  const page = await openTheOnly()
  await page.getByRole('button', { name: 'Replay' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('combobox', { name: 'From where' }).click()
  await page.getByRole('option', { name: 'From the start, with another input' }).click()
  const input = dialog.getByRole('textbox', { name: 'Input' })
  const original = await input.inputValue()
  const replay = dialog.getByRole('button', { name: 'Replay' })

  await input.fill('{"submissionId": ')
  await replay.click()
  await dialog.getByText('The input is not JSON.').waitFor()
  await input.fill('{"submissionId": 7, "round": "two"}')
  await replay.click()
  await dialog.getByText(/does not fit job-post-publication: submissionId: .*; round: /).waitFor()
  expect(await input.getAttribute('aria-invalid')).toBe('true')

  await input.fill(JSON.stringify({ ...JSON.parse(original), round: 2 }))
  await replay.click()
  await page.getByText(/^Replayed by Oscar Operator/).waitFor()
  await page.getByText('Succeeded').waitFor()
  await circlePost(stage.world, 'Carpenter')
  const deeds = await deedsOf('usr_sandbox_operator')
  expect(deeds).toEqual(expect.arrayContaining(['read the input of', 'replayed from the start']))
  await page.context().close()
}

async function whileWriting() {
  await failPublications(['Weaver'])
  const page = await stage.open('/dead-letters', { role: 'operator' })
  const group = page.getByRole('article', { name: /Circle refused this request/ })
  await group.getByRole('button', { name: 'Abandon' }).click()
  const one = page.getByRole('dialog', { name: 'Abandon this dead letter?' })
  await one.getByLabel('Reason').fill('The loom is sold')
  await failPublications(['Dyer'])
  await page.getByText('2 runs').waitFor()
  expect(await one.getByLabel('Reason').inputValue()).toBe('The loom is sold')
  await one.getByRole('button', { name: 'Abandon' }).click()
  await group.getByRole('heading', { name: '· one run' }).waitFor()

  await failPublications(['Fuller'])
  await group.getByRole('heading', { name: '· 2 runs' }).waitFor()
  await page.getByRole('checkbox', { name: 'All on this page' }).check()
  const bar = page.getByRole('region', { name: 'What to do with those chosen' })
  await bar.getByRole('button', { name: 'Abandon' }).click()
  const both = page.getByRole('dialog', { name: 'Abandon 2 dead letters?' })
  await both.getByLabel('Reason').fill('Both have closed')
  await abandonElsewhere(page, (await letters()).items[0]?.id)
  await page.getByText('1 chosen').waitFor()
  expect(await both.getByLabel('Reason').inputValue()).toBe('Both have closed')
  await both.getByRole('button', { name: 'Abandon' }).click()
  await page.getByText('Nothing waits for you here').waitFor()
  await page.context().close()
}

async function twoPeople() {
  const titles = Array.from({ length: MANY }, (_, index) => `Baker ${String(index).padStart(2, '0')}`)
  await failPublications(titles)
  const page = await stage.open('/dead-letters', { role: 'operator' })
  await page.getByRole('checkbox', { name: 'All on this page' }).check()
  await page.getByText(`${MANY} chosen`, { exact: true }).waitFor()
  const bar = page.getByRole('region', { name: 'What to do with those chosen' })
  await bar.getByRole('button', { name: 'Replay' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Ask a second person' }).click()
  const asked = page.getByRole('article', { name: `Replay ${MANY}` })
  await asked.getByRole('button', { name: 'Take it back' }).waitFor()
  expect(await asked.getByRole('button', { name: 'Agree' }).count()).toBe(0)
  expect(await openCount()).toBe(MANY)

  const second = await stage.open('/dead-letters', { role: 'owner' })
  const toAgree = second.getByRole('article', { name: `Replay ${MANY}` })
  await toAgree.getByRole('button', { name: 'Agree' }).click()
  for (const person of [toAgree, asked]) await person.getByText(`${MANY} of ${MANY} done`).waitFor()
  await second.getByText('Nothing waits for you here').waitFor()
  for (const title of titles) await circlePost(stage.world, title)
  const { posts } = (await stage.world.read()).circle
  expect(posts.filter(({ name }) => name.includes('Baker'))).toHaveLength(MANY)
  await page.context().close()
  await second.context().close()
}

/** A member whose welcome Mailchimp refuses has been given its tags by then. */
async function undo() {
  const { world } = stage
  const fault = { provider: 'mailchimp', operation: 'journeys.trigger', kind: 'status', status: 400 }
  await world.control('POST', '/faults', fault)
  await world.control('POST', '/people', { count: 10, seed: 7 })
  const letter = await until(
    async () => (await stage.api<LetterPage>('operator', '/dead-letters?job=member-sync')).items[0],
    'a dead letter of member-sync',
  )
  const page = await stage.open(`/dead-letters/${letter.id}`, { role: 'operator' })
  const plan = page.getByRole('region', { name: 'What an undo would do' })
  await plan.getByText('Would be undone').waitFor()
  await plan.getByText('Gives the contact at Mailchimp the tags that it had before.').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Undo' }).click()
  await page.getByText(/^Undone by Oscar Operator/).waitFor()
  await page.getByRole('link', { name: 'The run that followed' }).waitFor()
  expect(await deedsOf('usr_sandbox_operator')).toContain('took its steps back')
  await page.context().close()
}

async function asViewer() {
  const page = await stage.open('/dead-letters?status=abandoned', { role: 'viewer' })
  await page.getByText('Because: The shop has closed').waitFor()
  expect(await page.getByRole('checkbox').count()).toBe(0)
  await page.goto(`${stage.url}/dead-letters`)
  const oneByOne = page.getByRole('region', { name: 'One by one' })
  await oneByOne.getByRole('link').first().click()
  await page.getByText('Operators can replay, undo or abandon it.').waitFor()
  expect(await page.getByRole('button', { name: 'Replay' }).count()).toBe(0)
  await page.context().close()
}

async function saidElsewhere() {
  const { world } = stage
  const lost = { provider: 'circle', operation: 'posts.create', kind: 'drop-before', times: 1 }
  await world.control('POST', '/faults', lost)
  const noLook = { provider: 'circle', operation: 'posts.list', kind: 'status', status: 403 }
  await world.control('POST', '/faults', noLook)
  await world.text(newNumber(), hiring('Glazier'))
  await world.click(await until(() => world.message('Glazier'), '“Glazier” in Slack'), 'job_approve')
  const [page, second] = [
    await stage.open('/', { role: 'approver' }),
    await stage.open('/', { role: 'owner' }),
  ]
  const unknown = { name: /Circle post “Glazier/ }
  await page.getByRole('article', unknown).getByRole('button', { name: 'It happened' }).click()
  const dialog = page.getByRole('dialog', { name: 'It happened?' })
  await dialog.getByLabel('Its address').fill('https://circle.example/c/jobs/gla')
  await world.control('DELETE', '/faults')

  await second.getByRole('article', unknown).getByRole('button', { name: 'It did not' }).click()
  await second.getByRole('dialog').getByRole('button', { name: 'Do it again' }).click()
  await dialog
    .getByRole('status')
    .getByText(/^Somebody else has settled it meanwhile\..*Nothing of yours was sent\.$/)
    .waitFor()
  expect(await dialog.getByLabel('Its address').inputValue()).toBe('https://circle.example/c/jobs/gla')
  expect(await dialog.getByRole('button', { name: 'It happened' }).count()).toBe(0)
  await circlePost(world, 'Glazier')
  await page.context().close()
  await second.context().close()
}

/** Has a post with each of these titles approved, and refused by Circle; from then on Circle works. */
async function failPublications(titles: string[]): Promise<void> {
  const { world } = stage
  const expected = (await openCount()) + titles.length
  const fault = { provider: 'circle', operation: 'posts.create', kind: 'status', status: 422 }
  await world.control('POST', '/faults', { ...fault, times: titles.length })
  await Promise.all(titles.map((title) => world.text(newNumber(), hiring(title))))
  for (const title of titles) {
    const message = await until(() => world.message(title), `“${title}” in Slack`)
    await world.click(message, 'job_approve')
  }
  await until(async () => (await openCount()) === expected, `${expected} open dead letters`)
}

/** As the same person in another tab. */
async function abandonElsewhere(page: Page, id: string | undefined): Promise<void> {
  const answer = await page.request.post(`${stage.url}/api/dead-letters/${id}/abandon`, {
    data: { reason: 'Closed for good' },
    headers: { origin: stage.url },
  })
  expect(answer.status()).toBe(200)
}

async function openTheOnly(options: Parameters<Stage['open']>[1] = {}): Promise<Page> {
  return stage.open(await pathOfTheOnly(), { role: 'operator', ...options })
}

async function pathOfTheOnly(): Promise<string> {
  const { items } = await letters()
  expect(items).toHaveLength(1)
  return `/dead-letters/${items[0]?.id}`
}

async function openCount(): Promise<number> {
  return (await letters()).openCount
}

function letters(): Promise<LetterPage> {
  return stage.api<LetterPage>('operator', '/dead-letters')
}

/** What this person has done, as the audit tells it. */
async function deedsOf(actor: string): Promise<string[]> {
  const { items } = await stage.api<AuditPage>('owner', `/audit?actor=${actor}`)
  return items.map(({ action }) => action)
}

/** In the page: the words that a button is described by. */
function describedBy(page: Page, name: string): Promise<string | null | undefined> {
  return page
    .getByRole('button', { name })
    .evaluate((button) => document.getElementById(button.getAttribute('aria-describedby') ?? '')?.textContent)
}
