import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import type { Role } from '../../src/server/contract.ts'
import { type Program, startProgram } from '../support/program.ts'
import { newNumber, type SandboxWorld, startSandboxWorld, until } from '../support/sandbox-world.ts'
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts'
import { openBrowser } from './browser.ts'

/** The program as its users run it, the outside world, and a browser. */
export type Stage = {
  readonly url: string
  readonly world: SandboxWorld
  program(): Program
  /** Opens a page as somebody; without a role, as a stranger. */
  open(path: string, options?: { role?: Role } & BrowserContextOptions): Promise<Page>
  /** Reads the dashboard's API as somebody. @param path below `/api` */
  api<T>(role: Role, path: string): Promise<T>
  /** Kills the program as `kill -9` does. */
  kill(): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } as const
const DESK = { viewport: { width: 1280, height: 800 } } as const
/** Two cores may be shared by every test at once. */
const PATIENCE_MS = 30_000

/** Sets the stage. @param database where the program keeps its data; by default a new one of the test run's */
export async function setStage(executablePath: string, database?: TestDatabase): Promise<Stage> {
  const kept = database ?? (await createTestDatabase())
  const world = await startSandboxWorld()
  const [browser, first] = await Promise.all([
    openBrowser(executablePath),
    startProgram({ databaseUrl: kept.url, world }),
  ])
  let program = first
  const url = program.url
  const people = signIns(browser, url)
  return {
    url,
    world,
    program: () => program,
    async open(path, { role, ...options } = {}) {
      const context = await browser.newContext({
        ...DESK,
        reducedMotion: 'reduce',
        ...options,
        ...(role && { storageState: await people(role) }),
      })
      context.setDefaultTimeout(PATIENCE_MS)
      const page = await context.newPage()
      await page.goto(url + path)
      return page
    },
    async api(role, path) {
      const { cookies } = await people(role)
      const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
      return (await fetch(`${url}/api${path}`, { headers: { cookie } })).json()
    },
    async kill() {
      program.kill('SIGKILL')
      await program.exited
    },
    async start() {
      program = await startProgram({ databaseUrl: kept.url, world })
    },
    async close() {
      await browser.close()
      program.kill('SIGKILL')
      await program.exited
      await world.stop()
      await kept.drop()
    },
  }
}

/** The text of a job post with this title. */
export function hiring(title: string): string {
  return `Hiring a ${title} at Green Thumb Ltd in Portland, onsite, full time, $60k-70k a year. Apply by Dec 31: https://greenthumb.example/jobs or jobs@greenthumb.example`
}

/** Texts a job post from a new phone. Gives the phone's number. */
export async function textPost(world: SandboxWorld, title: string): Promise<string> {
  const phone = newNumber()
  await world.text(phone, hiring(title))
  return phone
}

/** What is on Circle under this title. */
export async function circlePost(world: SandboxWorld, title: string) {
  return until(
    async () => (await world.read()).circle.posts.find(({ name }) => name.includes(title)),
    `“${title}” on Circle`,
  )
}

/** Waits until this phone got a text with these words. */
export async function textOn(world: SandboxWorld, number: string, words: string): Promise<string> {
  return until(async () => {
    const phone = (await world.read()).phones.find((known) => known.number === number)
    return phone?.messages.find(({ body }) => body.includes(words))?.body
  }, `the text “${words}” on ${number}`)
}

/** Signs in through the sandbox's door once per role; a page then starts with that session. */
function signIns(browser: Browser, url: string) {
  const sessions = new Map<Role, ReturnType<BrowserContext['storageState']>>()
  return (role: Role) => {
    const known = sessions.get(role) ?? signIn(browser, url, role)
    sessions.set(role, known)
    return known
  }
}

async function signIn(browser: Browser, url: string, role: Role) {
  const context = await browser.newContext()
  const answer = await context.request.post(`${url}/api/sandbox/sign-in`, {
    data: { role },
    headers: { origin: url },
  })
  if (!answer.ok()) throw new Error(`Signing in as ${role} was answered ${answer.status()}`)
  const session = await context.storageState()
  await context.close()
  return session
}
