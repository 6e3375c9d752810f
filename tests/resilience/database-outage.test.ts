/**
 * PostgreSQL goes away in the middle of the load: restarted in both manners, and cut off for thirty seconds without a
 * word. What was accepted is done once, what was not is sent again by its sender, the program needs nobody, and
 * `/readyz` tells the truth meanwhile.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DarkProxy, type Ending, startDarkProxy } from '../support/dark-proxy.ts'
import { newNumber, type SandboxWorld, until } from '../support/sandbox-world.ts'
import { GOOD_POST, type Told } from '../support/stories.ts'
import { copyTemplate } from '../support/test-database.ts'
import { startTestServer } from '../support/test-server.ts'
import { darkMs } from './config.ts'
import { expectEachOnce, logOf, type Member, setFleet, slowDown } from './fleet.ts'
import { newMessageSid, send, signedText } from './signed.ts'

/** A server of this file's own: the others' must not go away under them. */
let server: Awaited<ReturnType<typeof startTestServer>>
const DARK_MS = darkMs()
/** How soon `/readyz` has to tell, and how soon it has to be right again after the light. */
const TELLS_WITHIN_MS = 3_000
const RIGHT_WITHIN_MS = 10_000

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const ownDatabase = () => copyTemplate(server.url)

/** Texts, one after the other from a few senders, until it is told to stop; each is sent again until it was taken. */
function startTexting(world: SandboxWorld) {
  const told: Told[] = []
  const statuses = new Map<string, number>()
  let stopped = false
  const text = async () => {
    const phone = newNumber()
    const request = signedText(world, { from: phone, body: GOOD_POST, messageSid: newMessageSid() })
    const reference = await until(
      async () => {
        // As long as Twilio waits for an answer.
        const signal = AbortSignal.timeout(15_000)
        const answer = await send(request, signal).catch(() => null)
        const status = answer === null ? 'no answer' : String(answer.status)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        const reply = await answer?.text().catch(() => null)
        await delay(answer?.status === 200 ? 0 : 250)
        return answer?.status === 200 ? /KK-[0-9A-Z]{5}/.exec(reply ?? '')?.[0] : null
      },
      'a text to be taken',
      120_000,
    )
    told.push({ phone, reference })
  }
  const sender = async () => {
    while (!stopped) {
      await text()
      await delay(100)
    }
  }
  const sending = Promise.all(Array.from({ length: 6 }, sender))
  return {
    told,
    statuses,
    async stop() {
      stopped = true
      await sending
      return told
    },
  }
}

/** Stops the server as its administrator would; whoever owns it brings it back on the same port. */
async function restartServer(databaseUrl: string, manner: 'fast' | 'immediate'): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query<{ folder: string }>(
    `select setting as folder from pg_settings where name = 'data_directory'`,
  )
  await client.end()
  const pid = Number(readFileSync(join(rows[0]?.folder ?? '', 'postmaster.pid'), 'utf8').split('\n')[0])
  process.kill(pid, manner === 'fast' ? 'SIGINT' : 'SIGQUIT')
}

const healthOf = async (member: Member, path: string) => {
  const begunMs = performance.now()
  const { status } = await fetch(`${member.url}${path}`)
  return { status, tookMs: performance.now() - begunMs }
}

async function readyWithin(member: Member, status: number, limitMs: number): Promise<number> {
  const begunMs = performance.now()
  await until(
    async () => (await healthOf(member, '/readyz')).status === status,
    `/readyz to say ${status}`,
    limitMs,
  )
  return performance.now() - begunMs
}

/** Taken, or told to come again: nobody waits in vain. */
function expectAnswered(statuses: ReadonlyMap<string, number>): void {
  expect([...statuses.keys()].filter((status) => status !== '200' && status !== '503')).toEqual([])
}

/** What an operator reads of it: that it began, that it is over, and little else. */
function expectFewWords(member: Member, most: number): void {
  const told = logOf(member).filter(({ level, event }) => level !== 'info' && event !== 'database.away')
  console.info(
    `Outage: ${member.role} wrote ${told.length} further warnings: ${JSON.stringify(told.slice(0, 6))}`,
  )
  expect(told.length).toBeLessThanOrEqual(most)
}

test('restarted under load, fast and immediate', async () => {
  const fleet = await setFleet({ database: await ownDatabase() })
  try {
    await slowDown(fleet.world)
    const member = await fleet.start('all')
    const texting = startTexting(fleet.world)
    for (const manner of ['fast', 'immediate'] as const) {
      const before = texting.told.length
      await until(async () => texting.told.length > before + 20, 'some load')
      await restartServer(fleet.databaseUrl, manner)
      await readyWithin(member, 503, TELLS_WITHIN_MS)
      const backMs = await readyWithin(member, 200, 30_000)
      console.info(`Outage: ready ${(backMs / 1_000).toFixed(1)} s after a restart (${manner})`)
    }
    const last = texting.told.length
    await until(async () => texting.told.length > last + 20, 'more texts to be taken')
    const told = await texting.stop()
    await fleet.quiet(90_000)
    console.info(`Outage: ${told.length} texts, answers ${JSON.stringify([...texting.statuses])}`)
    expectAnswered(texting.statuses)
    await expectEachOnce(fleet, told)
    expectFewWords(member, 6)
  } finally {
    await fleet.close()
  }
}, 240_000)

async function behindProxy(databaseUrl: string): Promise<{ proxy: DarkProxy; url: string }> {
  const url = new URL(databaseUrl)
  const proxy = await startDarkProxy(Number(url.port))
  url.port = String(proxy.port)
  return { proxy, url: url.href }
}

/** Dark for as long as it takes; while it is, `/readyz` says so each time within three seconds. */
async function stayDark(member: Member): Promise<void> {
  const toldMs = await readyWithin(member, 503, TELLS_WITHIN_MS)
  console.info(`Outage: /readyz told after ${(toldMs / 1_000).toFixed(1)} s in the dark`)
  const untilMs = performance.now() + DARK_MS
  while (performance.now() < untilMs) {
    const [ready, alive] = await Promise.all([healthOf(member, '/readyz'), healthOf(member, '/healthz')])
    expect(ready.status).toBe(503)
    expect(ready.tookMs).toBeLessThan(TELLS_WITHIN_MS)
    expect(alive.status).toBe(200)
    await delay(1_000)
  }
}

const ENDINGS: Ending[] = ['goes on', 'is reset', 'stays dead']

test.concurrent.each(ENDINGS)(
  'dark for a while, then every connection %s',
  async (ending) => {
    const database = await ownDatabase()
    const { proxy, url } = await behindProxy(database.url)
    const fleet = await setFleet({ database })
    try {
      await slowDown(fleet.world)
      const member = await fleet.start('all', { databaseUrl: url })
      const texting = startTexting(fleet.world)
      await until(async () => texting.told.length > 20, 'some load')
      proxy.goDark()
      await stayDark(member)
      proxy.light(ending)
      const backMs = await readyWithin(member, 200, RIGHT_WITHIN_MS)
      const last = texting.told.length
      const lightMs = performance.now()
      await until(async () => texting.told.length > last + 20, 'texts to be taken again', 30_000)
      const takenMs = performance.now() - lightMs
      const told = await texting.stop()
      await fleet.quiet(90_000)
      const quietMs = performance.now() - lightMs
      const seconds = [backMs, takenMs, quietMs].map((ms) => (ms / 1_000).toFixed(1))
      console.info(
        `Outage (${ending}): ready after ${seconds[0]} s, 20 texts after ${seconds[1]} s, all done after ${seconds[2]} s; answers ${JSON.stringify([...texting.statuses])}`,
      )
      expectAnswered(texting.statuses)
      await expectEachOnce(fleet, told)
      expectFewWords(member, 6)
    } finally {
      await fleet.close()
      await proxy.close()
    }
  },
  240_000,
)

/** Longer than a lease lasts: when the light comes back, both look dead to each other. */
const LEASES_EXPIRED_MS = 14_000

test.concurrent('two are in the dark together: neither takes the other for dead', async () => {
  const database = await ownDatabase()
  const { proxy, url } = await behindProxy(database.url)
  const fleet = await setFleet({ database })
  try {
    await slowDown(fleet.world)
    const members = [
      await fleet.start('all', { databaseUrl: url }),
      await fleet.start('all', { databaseUrl: url }),
    ]
    const texting = startTexting(fleet.world)
    await until(async () => texting.told.length > 20, 'some load')
    proxy.goDark()
    for (const member of members) await readyWithin(member, 503, TELLS_WITHIN_MS)
    await delay(Math.max(DARK_MS, LEASES_EXPIRED_MS))
    proxy.light('is reset')
    for (const member of members) await readyWithin(member, 200, RIGHT_WITHIN_MS)
    const last = texting.told.length
    await until(async () => texting.told.length > last + 20, 'texts to be taken again', 30_000)
    const told = await texting.stop()
    await fleet.quiet(90_000)
    await expectEachOnce(fleet, told)
    const left = await fleet.rows<{ id: string }>('select id from executors')
    expect(left.map(({ id }) => id).sort()).toEqual(members.map(({ executorId }) => executorId).sort())
  } finally {
    await fleet.close()
    await proxy.close()
  }
}, 240_000)

test('one of two is in the dark: the other takes over, and the dark one ends in the light', async () => {
  const database = await ownDatabase()
  const { proxy, url } = await behindProxy(database.url)
  const fleet = await setFleet({ database })
  try {
    await slowDown(fleet.world)
    await fleet.start('all')
    const dark = await fleet.start('all', { databaseUrl: url })
    const texting = startTexting(fleet.world)
    await until(async () => texting.told.length > 40, 'some load')
    proxy.goDark()
    const gone = async () =>
      (await fleet.rows('select 1 from executors where id = $1', [dark.executorId])).length === 0
    await until(gone, 'the dark one to be taken over', 25_000)
    const last = texting.told.length
    await until(async () => texting.told.length > last + 20, 'more texts to be taken')
    proxy.light('goes on')
    expect(await dark.exited).toBe(1)
    expect(logOf(dark).map(({ event }) => event)).toEqual(
      expect.arrayContaining(['database.away', 'executor.lost']),
    )
    const told = await texting.stop()
    await fleet.quiet(90_000)
    await expectEachOnce(fleet, told)
  } finally {
    await fleet.close()
    await proxy.close()
  }
}, 240_000)
