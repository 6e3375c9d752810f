import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { describe } from 'vitest'
import { chosenBrowser, withTemporaryFolder } from './config.ts'

/** Where Chrome, Chromium and Edge install themselves. */
const INSTALLED = [
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
]

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/**
 * The browser's program: the one that was chosen, on Linux x64 the one that npm brought, else an installed one.
 * @returns null where there is none
 */
export async function findBrowser(): Promise<string | null> {
  const chosen = chosenBrowser()
  if (chosen !== null) return chosen
  if (process.platform === 'linux' && process.arch === 'x64') return unpackChromium()
  return INSTALLED.find((path) => existsSync(path)) ?? null
}

/** Opens it, with an empty profile. */
export function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ARGUMENTS })
}

/** A `describe` that is given the browser, or is skipped and says so. */
export async function describeInBrowser(
  name: string,
  tests: (executablePath: string) => void,
): Promise<void> {
  const browser = await findBrowser()
  if (browser !== null) {
    describe(name, () => tests(browser))
    return
  }
  console.warn(
    `\n  SKIPPED: ${name}. There is no browser here. Install Chrome or Chromium, or name one with KINKEEPER_BROWSER.\n`,
  )
  describe.skip(name, () => tests(''))
}

/**
 * npm brings Chromium packed. It is unpacked beside its place and then moved there whole, because several test
 * processes do this at once, and one may be killed half-way.
 */
async function unpackChromium(): Promise<string> {
  const folder = join(tmpdir(), `kinkeeper-chromium-${packedVersion()}`)
  const program = join(folder, 'chromium')
  if (existsSync(program)) return program
  const scratch = mkdtempSync(`${folder}-`)
  const { default: packed } = await import('@sparticuz/chromium')
  await withTemporaryFolder(scratch, () => packed.executablePath())
  try {
    renameSync(scratch, folder)
  } catch (error) {
    if (!existsSync(program)) throw error
    rmSync(scratch, { recursive: true }) // another process was first
  }
  return program
}

function packedVersion(): string {
  const manifest = new URL('../../node_modules/@sparticuz/chromium/package.json', import.meta.url)
  return JSON.parse(readFileSync(manifest, 'utf8')).version
}
