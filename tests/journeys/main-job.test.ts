/** The main job as people meet it: through the pages of the running program, and in the world outside. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../support/sandbox-world.ts'
import { describeInBrowser } from './browser.ts'
import { circlePost, PHONE, type Stage, setStage, textOn, textPost } from './stage.ts'

let stage: Stage

await describeInBrowser('the main job, through the dashboard', (executablePath) => {
  beforeAll(async () => {
    stage = await setStage(executablePath)
  })
  afterAll(() => stage?.close())

  test('the link that the program printed makes the first owner, once', ownerLink)
  test(
    'a newcomer texts a post, approves it in Slack and sees it on Circle, in Slack and on the phone',
    newcomer,
  )
  test('a text appears in the open inbox without a reload', liveInbox)
  test('a post is denied with a reason, by thumb on a phone', denyByThumb)
  test('a post is edited before it is approved', editFirst)
  test('who comes later is told who decided', comesLater)
  test('who is still writing when somebody else decides is told so, and loses no words', stillWriting)
  test('who denied, and never heard the answer, is not told that nothing was sent', answerLost)
  test('a publication that Circle refused is retried from the inbox', retryPublication)
  test.each(['happened', 'did_not_happen'] as const)('an effect nobody knows about: it %s', unknownEffect)
  test('everything can be done by keyboard', keyboardOnly)
  test('a key decides what is in focus, once, and nothing that took its place', oneKeyOnePost)
  test('a viewer sees everything and is offered nothing', viewer)
  test('an invitation brings somebody in, once', invitation)
  test('the program is killed under an open page, comes back, and the decision goes through', killed)
})

async function ownerLink() {
  const link = /First owner\s+(\S+)/.exec(stage.program().lines.join('\n'))?.[1] ?? ''
  const path = link.slice(stage.url.length)
  const page = await stage.open(path)
  await introduce(page, 'Noor Haddad', 'noor@example.org')
  await page.getByText('Nothing to decide').waitFor()
  await page.getByRole('link', { name: 'People' }).waitFor()

  const second = await stage.open(path)
  await introduce(second, 'Eve', 'eve@example.org')
  await second.getByRole('alert').waitFor()
  expect(await second.getByRole('link', { name: 'People' }).count()).toBe(0)

  await page.getByRole('button', { name: /Noor Haddad/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByLabel('E-mail').fill('noor@example.org')
  await page.getByLabel('Password').fill('correct horse battery')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByText('Nothing to decide').waitFor()
  await closeAll(page, second)
}

async function newcomer() {
  const page = await stage.open('/')
  await page.getByRole('button', { name: /Owner/ }).click()
  await page.getByRole('link', { name: 'Text a job post from the sandbox' }).click()
  const panel = (name: string) => page.getByRole('region', { name, exact: true })
  await panel('Phone').getByRole('button', { name: 'A good job post' }).click()
  await panel('Phone').getByText('Hiring: Line cook').waitFor()
  await panel('Slack').getByRole('button', { name: 'Approve' }).click()
  await panel('Slack').getByText('Published on Circle').waitFor()
  await panel('Slack').getByRole('button', { name: 'Approve' }).waitFor({ state: 'detached' })
  await panel('Phone').getByText('is live').waitFor()
  const post = panel('Circle').getByRole('link', { name: /Line cook/ })
  const [circle] = await Promise.all([page.context().waitForEvent('page'), post.click()])
  await circle.getByText('Marlow’s Kitchen').first().waitFor()

  await page.getByRole('link', { name: 'Job posts' }).click()
  await page
    .getByRole('row', { name: /Line cook/ })
    .getByRole('link')
    .first()
    .click()
  await page.getByText('Published', { exact: true }).first().waitFor()
  await page.getByRole('link', { name: 'See it on Circle' }).waitFor()
  await page
    .getByText(/Approved by .+ in Slack/)
    .first()
    .waitFor()
  await closeAll(page)
}

async function liveInbox() {
  const page = await stage.open('/', { role: 'approver' })
  await page.getByText('Nothing to decide').waitFor()
  await page.evaluate(() => document.body.setAttribute('data-not-reloaded', ''))
  const phone = await textPost(stage.world, 'Florist')
  await card(page, 'Florist').getByRole('button', { name: 'Approve' }).click()
  await notice(page, 'Approved “Florist”').waitFor()
  await page.getByText('Nothing to decide').waitFor()
  expect(await page.locator('[data-not-reloaded]').count()).toBe(1)
  await textOn(stage.world, phone, 'is live')
  await closeAll(page)
}

async function denyByThumb() {
  const phone = await textPost(stage.world, 'Night porter')
  const page = await stage.open('/', { role: 'approver', ...PHONE })
  await card(page, 'Night porter').getByRole('button', { name: 'Deny' }).tap()
  const dialog = page.getByRole('dialog', { name: 'Deny “Night porter”?' })
  await dialog.getByRole('button', { name: 'Deny' }).tap()
  await dialog.getByText('Say why: the sender will read it.').waitFor()
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('We only post paid jobs')
  await dialog.getByRole('button', { name: 'Deny' }).tap()
  await dialog.waitFor({ state: 'detached' })
  await notice(page, 'Denied “Night porter”').getByRole('button', { name: 'See the post' }).tap()
  await page.getByText(/Denied by Abe Approver in the dashboard .*: “We only post paid jobs”/).waitFor()
  expect(await textOn(stage.world, phone, 'was not approved')).toContain('We only post paid jobs')
  await closeAll(page)
}

async function editFirst() {
  await textPost(stage.world, 'Night baker')
  const page = await stage.open('/', { role: 'approver' })
  await card(page, 'Night baker').getByRole('button', { name: 'Edit' }).click()
  const dialog = page.getByRole('dialog', { name: 'Edit “Night baker”' })
  await dialog.getByLabel('Salary to').fill('a lot')
  await dialog.getByRole('button', { name: 'Save and approve' }).click()
  await dialog.getByText(/A number/).waitFor()
  await dialog.getByLabel('Salary to').fill('72000')
  await dialog.getByLabel('Title').fill('Day baker')
  await dialog.getByRole('button', { name: 'Save and approve' }).click()
  await dialog.waitFor({ state: 'detached' })
  const post = await circlePost(stage.world, 'Day baker')
  expect(post.text).toContain('72,000')
  await notice(page, 'Approved “Day baker”').getByRole('button', { name: 'See the post' }).click()
  const edits = page.getByRole('region', { name: 'Edited before approval' })
  await edits.locator('del', { hasText: 'Night baker' }).waitFor()
  await edits.locator('ins', { hasText: 'Day baker' }).waitFor()
  await closeAll(page)
}

async function comesLater() {
  await textPost(stage.world, 'Barista')
  const page = await stage.open('/', { role: 'approver' })
  const approve = card(page, 'Barista').getByRole('button', { name: 'Approve' })
  await approve.waitFor()
  // Slack's decision is made while this page's is on its way.
  await page.context().route('**/api/approvals/*/decision', async (route) => {
    await approveInSlack('Barista')
    await route.continue()
  })
  await approve.click()
  const told = notice(page, 'Already decided')
  await told.waitFor()
  expect(await told.textContent()).toMatch(/approved .*Slack/i)
  await closeAll(page)
}

async function stillWriting() {
  await textPost(stage.world, 'Librarian')
  const page = await stage.open('/', { role: 'approver' })
  await card(page, 'Librarian').getByRole('button', { name: 'Deny' }).click()
  const dialog = page.getByRole('dialog', { name: 'Deny “Librarian”?' })
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('Half a sentence')
  await approveInSlack('Librarian')
  await dialog
    .getByRole('status')
    .getByText(/Approved by .+ in Slack/)
    .waitFor()
  expect(await dialog.getByRole('textbox', { name: 'Reason' }).inputValue()).toBe('Half a sentence')
  expect(await dialog.getByRole('button', { name: 'Deny' }).count()).toBe(0)
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  await page.getByText('Nothing to decide').waitFor()
  await closeAll(page)
}

async function answerLost() {
  const phone = await textPost(stage.world, 'Sexton')
  const page = await stage.open('/', { role: 'approver' })
  await page.route('**/api/approvals/*/decision', async (route) => {
    await route.fetch()
    await route.abort()
  })
  await card(page, 'Sexton').getByRole('button', { name: 'Deny' }).click()
  const dialog = page.getByRole('dialog', { name: 'Deny “Sexton”?' })
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('The parish has none')
  await dialog.getByRole('button', { name: 'Deny' }).click()
  await dialog
    .getByRole('status')
    .getByText(/^The answer to what you sent was lost\. The post says now: Denied by Abe Approver/)
    .waitFor()
  expect(await dialog.getByRole('alert').count()).toBe(0)
  expect(await textOn(stage.world, phone, 'was not approved')).toContain('The parish has none')
  await closeAll(page)
}

async function retryPublication() {
  const fault = { provider: 'circle', operation: 'posts.create', kind: 'status', status: 422, times: 1 }
  await stage.world.control('POST', '/faults', fault)
  const phone = await textPost(stage.world, 'Surveyor')
  const page = await stage.open('/', { role: 'approver' })
  await card(page, 'Surveyor').getByRole('button', { name: 'Approve' }).click()
  const attention = card(page, '“Surveyor” is approved but not published')
  await attention.getByText(/Circle refused/).waitFor()
  await attention.getByRole('button', { name: 'Retry publication' }).click()
  await circlePost(stage.world, 'Surveyor')
  await attention.waitFor({ state: 'detached' })
  await textOn(stage.world, phone, 'is live')
  await closeAll(page)
}

async function unknownEffect(outcome: 'happened' | 'did_not_happen') {
  const title = outcome === 'happened' ? 'Hairdresser' : 'Butcher'
  const lost = outcome === 'happened' ? 'drop-after' : 'drop-before'
  const { world } = stage
  await world.control('POST', '/faults', {
    provider: 'circle',
    operation: 'posts.create',
    kind: lost,
    times: 1,
  })
  await world.control('POST', '/faults', {
    provider: 'circle',
    operation: 'posts.list',
    kind: 'status',
    status: 403,
  })
  const phone = await textPost(world, title)
  const page = await stage.open('/', { role: 'approver' })
  await card(page, title).getByRole('button', { name: 'Approve' }).click()
  const attention = card(page, new RegExp(`Circle post “${title}`))
  await attention.getByText('Unknown', { exact: true }).waitFor()
  await world.control('DELETE', '/faults')
  if (outcome === 'happened') {
    await attention.getByRole('button', { name: 'It happened' }).click()
    const dialog = page.getByRole('dialog', { name: 'It happened?' })
    await dialog.getByLabel('Its address').fill((await circlePost(world, title)).url)
    await dialog.getByRole('button', { name: 'It happened' }).click()
  } else {
    await attention.getByRole('button', { name: 'It did not' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Do it again' }).click()
  }
  await attention.waitFor({ state: 'detached' })
  await textOn(world, phone, 'is live')
  const posts = (await world.read()).circle.posts.filter(({ name }) => name.includes(title))
  expect(posts).toHaveLength(1)
  await closeAll(page)
}

async function keyboardOnly() {
  const page = await stage.open('/', { role: 'approver' })
  for (const title of ['Tailor', 'Machinist']) {
    await textPost(stage.world, title)
    await card(page, title).waitFor()
  }
  const { keyboard } = page
  await keyboard.press('j')
  await keyboard.press('a')
  await notice(page, 'Approved “Tailor”').waitFor()
  await page.locator('article:focus', { hasText: 'Machinist' }).waitFor()
  await keyboard.press('d')
  await page.getByRole('textbox', { name: 'Reason' }).waitFor()
  await keyboard.type('Nobody turns steel any more')
  await tabTo(page, 'Deny')
  await keyboard.press('Enter')
  await notice(page, 'Denied “Machinist”').waitFor()

  await keyboard.press('/')
  await page.locator('#search:focus').waitFor()
  await keyboard.type('Machinist')
  await keyboard.press('Enter')
  await page.getByRole('row', { name: /Tailor/ }).waitFor({ state: 'detached' })
  await page.getByRole('row', { name: /Machinist/ }).waitFor()
  await keyboard.press('Tab')
  await keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  await keyboard.press('Escape')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'detached' })
  await keyboard.press('j')
  await keyboard.press('Enter')
  await page
    .getByText(/Denied by Abe Approver/)
    .first()
    .waitFor()
  await closeAll(page)
}

async function oneKeyOnePost() {
  const page = await stage.open('/', { role: 'approver' })
  for (const title of ['Roofer', 'Plasterer', 'Glazier']) {
    await textPost(stage.world, title)
    await card(page, title).waitFor()
  }
  const { keyboard } = page
  const inFocus = (title: string) => page.locator('article:focus', { hasText: title }).waitFor()
  await keyboard.press('j')
  await inFocus('Roofer')
  await approveInSlack('Roofer')
  await card(page, 'Roofer').waitFor({ state: 'detached' })
  await keyboard.press('a') // too late, and about the one that is gone
  await keyboard.press('j')
  await inFocus('Plasterer')
  await keyboard.down('a')
  await inFocus('Glazier')
  await keyboard.down('a') // held down
  await keyboard.up('a')
  await notice(page, 'Approved “Plasterer”').waitFor()
  await card(page, 'Glazier').getByRole('button', { name: 'Approve' }).waitFor()
  await keyboard.press('a')
  await notice(page, 'Approved “Glazier”').waitFor()
  await page.getByText('Nothing to decide').waitFor()
  await closeAll(page)
}

async function viewer() {
  await textPost(stage.world, 'Veterinarian')
  const page = await stage.open('/', { role: 'viewer' })
  await card(page, 'Veterinarian').waitFor()
  const offers = page.getByRole('button', { name: /Approve|Edit|Deny|Retry/ })
  expect(await offers.count()).toBe(0)
  expect(await page.getByRole('link', { name: 'People' }).count()).toBe(0)
  await page.keyboard.press('j')
  await page.keyboard.press('a')
  await card(page, 'Veterinarian').getByRole('link').first().click()
  await page.getByRole('heading', { name: 'Timeline' }).waitFor()
  expect(await offers.count()).toBe(0)
  await approveInSlack('Veterinarian')
  await page
    .getByText(/Approved by .+ in Slack/)
    .first()
    .waitFor()
  await closeAll(page)
}

async function invitation() {
  const owner = await stage.open('/people', { role: 'owner' })
  await owner.getByRole('textbox', { name: 'E-mail' }).fill('dana@example.org')
  await owner.getByRole('button', { name: 'Make a link' }).click()
  const link = await owner.getByRole('status').getByLabel('Invitation link').inputValue()
  const path = link.slice(stage.url.length)
  const dana = await stage.open(path)
  await introduce(dana, 'Dana Whitfield', 'dana@example.org')
  await dana.getByRole('heading', { level: 1, name: 'Inbox' }).waitFor()
  await textPost(stage.world, 'Bookkeeper')
  await card(dana, 'Bookkeeper').getByRole('button', { name: 'Approve' }).click()
  await notice(dana, 'Approved “Bookkeeper”').waitFor()
  const again = await stage.open(path)
  await introduce(again, 'Mallory', 'mallory@example.org')
  await again.getByRole('alert').waitFor()
  await owner.reload()
  await owner.getByRole('button', { name: 'Remove Dana Whitfield' }).waitFor()
  await closeAll(owner, dana, again)
}

async function killed() {
  const phone = await textPost(stage.world, 'Sailor')
  const page = await stage.open('/', { role: 'approver' })
  await card(page, 'Sailor').waitFor()
  const banner = page.getByText('The server is out of reach')
  await stage.kill()
  await banner.waitFor()
  await stage.start()
  await banner.waitFor({ state: 'detached' })
  await card(page, 'Sailor').getByRole('button', { name: 'Approve' }).click()
  await notice(page, 'Approved “Sailor”').waitFor()
  await circlePost(stage.world, 'Sailor')
  await textOn(stage.world, phone, 'is live')
  await closeAll(page)
}

async function introduce(page: Page, name: string, email: string): Promise<void> {
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill('correct horse battery')
  await page.getByRole('button', { name: 'Create the account' }).click()
}

function card(page: Page, name: string | RegExp) {
  return page.getByRole('article', { name })
}

/** A notice is a dialog by role, as are dialogs; its title tells it apart. */
function notice(page: Page, title: string | RegExp) {
  return page.getByRole('dialog', { name: title })
}

async function approveInSlack(title: string): Promise<void> {
  const message = await until(() => stage.world.message(title), `“${title}” in Slack`)
  await stage.world.click(message, 'job_approve')
}

/** Presses Tab until the button with this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  const focused = page.locator('button:focus', { hasText: new RegExp(`^${name}$`) })
  for (let presses = 0; presses < 12; presses++) {
    if ((await focused.count()) > 0) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not lead to “${name}”`)
}

async function closeAll(...pages: Page[]): Promise<void> {
  for (const page of pages) await page.context().close()
}
