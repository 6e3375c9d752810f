import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { createReadiness, type ReadinessCheck } from './readiness.ts'

let url: string
let drop: () => Promise<void>
let proxy: Awaited<ReturnType<typeof startProxy>>
let readiness: ReadinessCheck

beforeAll(async () => {
  const created = await createTestDatabase()
  url = created.url
  drop = created.drop
  proxy = await startProxy(url)
})
afterEach(async () => {
  proxy.hang(false)
  await readiness.close()
})
afterAll(async () => {
  await proxy.stop()
  await drop()
})

test('ready while the database answers and the lease is held, and quick about it', async () => {
  await lease('exe_1', '0 seconds')
  readiness = createReadiness({ url: proxy.url, executorId: 'exe_1' })
  expect(await readiness.check()).toEqual({
    ready: true,
    checks: { database: true, migrations: true, engine: true },
    problems: [],
  })
  const begun = performance.now()
  for (let count = 0; count < 20; count++) await readiness.check()
  expect((performance.now() - begun) / 20).toBeLessThan(50)
})

test('not ready once the lease is lost; a process that executes nothing needs none', async () => {
  await lease('exe_2', '11 seconds')
  readiness = createReadiness({ url, executorId: 'exe_2' })
  const lost = await readiness.check()
  expect(lost).toMatchObject({ ready: false, checks: { database: true, engine: false } })
  expect(lost.problems.join()).toContain('lease')
  await readiness.close()
  readiness = createReadiness({ url, executorId: null })
  expect((await readiness.check()).ready).toBe(true)
})

test('a database that hangs is told within two seconds, however many ask, and so is that it is back', async () => {
  readiness = createReadiness({ url: proxy.url, executorId: null })
  expect((await readiness.check()).ready).toBe(true)
  proxy.hang(true)
  const begun = performance.now()
  const answers = await Promise.all(Array.from({ length: 20 }, () => readiness.check()))
  expect(performance.now() - begun).toBeLessThan(2_500)
  for (const answer of answers) expect(answer).toMatchObject({ ready: false, checks: { database: false } })
  // New connections hang too: the server's address is a black hole.
  const again = performance.now()
  expect((await readiness.check()).ready).toBe(false)
  expect(performance.now() - again).toBeLessThan(2_500)
  proxy.hang(false)
  await expect.poll(async () => (await readiness.check()).ready, { timeout: 10_000 }).toBe(true)
})

test('a database that is away is told at once', async () => {
  readiness = createReadiness({ url: 'postgresql://nobody@127.0.0.1:9/none', executorId: null })
  const begun = performance.now()
  const answer = await readiness.check()
  expect(performance.now() - begun).toBeLessThan(1_000)
  expect(answer.ready).toBe(false)
  expect(answer.problems[0]).toContain('PostgreSQL cannot be reached')
})

async function lease(id: string, ago: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(
    `insert into executors (id, host, pid, started_at, renewed_at) values ($1, 'h', 1, now(), now() - $2::interval)
     on conflict (id) do update set renewed_at = excluded.renewed_at`,
    [id, ago],
  )
  await client.end()
}

/** A way to the database that can turn into a black hole: nothing is refused, and nothing arrives. */
async function startProxy(target: string) {
  const to = new URL(target)
  const sockets = new Set<Socket>()
  let hangs = false
  const server = createServer((client) => {
    const onward = connect({ host: to.hostname, port: Number(to.port) })
    for (const socket of [client, onward]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        onward.destroy()
      })
    }
    client.on('data', (data) => hangs || onward.write(data))
    onward.on('data', (data) => hangs || client.write(data))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const from = new URL(target)
  from.port = String(typeof address === 'object' ? address?.port : '')
  from.hostname = '127.0.0.1'
  return {
    url: from.href,
    hang(value: boolean) {
      hangs = value
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
