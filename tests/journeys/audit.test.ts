/** The audit as people meet it: searched, filtered, verified, downloaded; and people who come and go. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newNumber } from '../support/sandbox-world.ts'
import { describeInBrowser } from './browser.ts'
import { hiring, PHONE, type Stage, setStage } from './stage.ts'

let stage: Stage

await describeInBrowser('the audit, through the dashboard', (executablePath) => {
  beforeAll(async () => {
    stage = await setStage(executablePath)
  })
  afterAll(() => stage?.close())

  test('an operator finds who decided, verifies the chain, and downloads what was found', findAndVerify)
  test('by thumb on a phone, as a viewer: everything is seen, and what one may not do is said', byThumb)
  test('an owner removes somebody, who is out at once', remove)
})

async function findAndVerify() {
  await stage.world.text(newNumber(), hiring('Gardener'))
  const inbox = await stage.open('/', { role: 'approver' })
  await inbox
    .getByRole('button', { name: /^Approve/ })
    .first()
    .click()
  await inbox.getByText('Nothing to decide').waitFor()
  const page = await stage.open('/audit', { role: 'operator' })
  await page.getByRole('link', { name: 'Abe Approver' }).first().click()
  await page.getByRole('link', { name: /^By usr_sandbox_approver/ }).waitFor()
  expect(page.url()).toContain('actor=usr_sandbox_approver')
  await page.keyboard.press('/')
  await page.keyboard.type('approv')
  await page.keyboard.press('Enter')
  await page
    .getByText(/^Abe Approver approved/)
    .first()
    .waitFor()
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'JSON lines' }).click(),
  ])
  const lines = readFileSync(await file.path(), 'utf8')
    .trim()
    .split('\n')
  expect(lines.map((line) => JSON.parse(line).actorId)).toContain('usr_sandbox_approver')
  expect(new Set(lines.map((line) => JSON.parse(line).actorName))).toEqual(new Set(['Abe Approver']))
  await page.getByRole('button', { name: 'Verify' }).click()
  await page.getByText('Unbroken', { exact: true }).waitFor()
  await page.getByText(/Verified .* by Oscar Operator/).waitFor()
  await page.context().close()
  await inbox.context().close()
}

async function byThumb() {
  const page = await stage.open('/', { role: 'viewer', ...PHONE })
  await page.getByRole('button', { name: 'More' }).tap()
  await page.getByRole('menuitem', { name: 'Audit' }).tap()
  await page.getByText('Operators can have it verified').waitFor()
  expect(await page.getByRole('button', { name: 'Verify' }).count()).toBe(0)
  await page
    .getByText(/exported the audit/)
    .first()
    .waitFor()
  const width = await page.evaluate(() => document.documentElement.scrollWidth)
  expect(width).toBeLessThanOrEqual(390)
  await page.goto(`${stage.url}/schedules`)
  await page.getByText('Operators can run it now.').first().waitFor()
  await page.context().close()
}

async function remove() {
  const leaving = await stage.open('/members', { role: 'viewer' })
  const page = await stage.open('/people', { role: 'owner' })
  await page.getByRole('button', { name: 'Remove Vera Viewer' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await page.getByText('Vera Viewer has been removed').waitFor()
  await page.getByText('viewer@sandbox.local').waitFor({ state: 'detached' })
  await leaving.reload()
  await leaving.getByRole('heading', { name: 'Members' }).waitFor({ state: 'detached' })
  await page.goto(`${stage.url}/audit?action=removed%20them`)
  await page.getByText(/Olive Owner removed them/).waitFor()
  await page.context().close()
  await leaving.context().close()
}
