/**
 * Takes the README's picture of the inbox again: `node tests/journeys/picture.ts`. Three posts wait in a sandbox of
 * its own, and the page is photographed as an approver sees it.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { newNumber } from '../support/sandbox-world.ts'
import { copyTemplate } from '../support/test-database.ts'
import { startTestServer } from '../support/test-server.ts'
import { findBrowser } from './browser.ts'
import { setStage } from './stage.ts'

const FILE = fileURLToPath(new URL('../../docs/images/inbox.png', import.meta.url))
const HEIGHT = 1_200
const DAY_MS = 86_400_000
/** The first leaves the parser in doubt about its title. */
const TEXTS = [
  'We need help at Second Wave, Portland: Barista, 3–4 shifts a week, $19/hr plus tips. Call 503 555 0142',
  'Tidewater is hiring a Senior Frontend Engineer, remote or hybrid Seattle, $140–165k. React and TypeScript. jobs@tidewater.example',
  'Part-time Librarian at Pinewood Library in Beaverton, Saturdays and two evenings, $31 an hour, onsite. https://pinewood.example/jobs',
]

const executablePath = await findBrowser()
if (executablePath === null) throw new Error('There is no browser here to take a picture with.')
const server = await startTestServer()
const stage = await setStage(executablePath, await copyTemplate(server.url))
try {
  const page = await stage.open('/', {
    role: 'approver',
    colorScheme: 'light',
    deviceScaleFactor: 2,
    viewport: { width: 1280, height: HEIGHT },
  })
  for (const [index, text] of TEXTS.entries()) {
    await stage.world.control('POST', '/clock', { advanceMs: DAY_MS })
    await stage.world.text(newNumber(), text)
    await page.getByRole('article').nth(index).waitFor()
  }
  // The page learns of the sandbox's time when it is loaded.
  await page.reload()
  await page.getByText('2 days ago').waitFor()
  writeFileSync(FILE, await page.screenshot())
} finally {
  await stage.close()
  await server.stop()
}
