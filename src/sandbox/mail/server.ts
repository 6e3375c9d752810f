/**
 * The mail server's stand-in: takes every mail from everybody on this machine and delivers none. It listens on any free
 * port; `GET /mail/server` says on which. Faults: provider `email`, operation `mail`; `status` answers with its code
 * as SMTP's (451: not now, 550: never), `delay` waits, and the `drop-` kinds cut the connection.
 */
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { Hono } from 'hono'
import PostalMime from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import type { Fault } from '../faults.ts'
import type { SandboxEnv } from '../pipeline.ts'
import type { World } from '../world.ts'

export type MailServer = { port: number; stop(): Promise<void> }

/** Where the program asks for the server's address. */
export function createMailApp(server: () => MailServer | null): Hono<SandboxEnv> {
  return new Hono<SandboxEnv>().get('/server', (context) => {
    const running = server()
    if (!running) return context.json({ error: 'The mail server has not started.' }, 503)
    return context.json({ smtpUrl: `smtp://127.0.0.1:${running.port}` })
  })
}

/** Starts the server. */
export async function startMailServer(world: World): Promise<MailServer> {
  const server = new SMTPServer({
    authOptional: true,
    // Whatever user and password are given: they were never anybody's.
    onAuth: (auth, _session, callback) => callback(null, { user: auth.username ?? 'anybody' }),
    disabledCommands: ['STARTTLS'],
    logger: false,
    onData(stream, session, callback) {
      take(
        world,
        stream,
        session.envelope.rcptTo.map(({ address }) => address),
      ).then(
        (outcome) => {
          if (outcome !== 'cut') return callback(outcome)
          for (const connection of server.connections)
            if (connection.session.id === session.id) connection._socket.destroy()
        },
        (error: Error) => callback(error),
      )
    },
  })
  // A client that goes away in the middle is nothing to tell of.
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const address = server.server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async stop() {
      for (const connection of server.connections) connection._socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

async function take(
  world: World,
  stream: AsyncIterable<Buffer>,
  to: string[],
): Promise<Error | null | 'cut'> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  const fault = world.faults.draw('email', 'mail')
  const mail = await PostalMime.parse(Buffer.concat(chunks))
  const call = world.calls.record({
    provider: 'email',
    operation: 'mail',
    direction: 'in',
    method: 'DATA',
    path: '',
    headers: {},
    body: { subject: mail.subject ?? '' },
    status: null,
    fault: fault?.id ?? null,
    atMs: world.clock.now(),
  })
  const keep = () => {
    world.mail.caught.put(String(world.nextNumber('mail')), {
      messageId: (mail.messageId ?? '').replace(/^<|>$/g, ''),
      from: mail.from?.address ?? '',
      to,
      subject: mail.subject ?? '',
      text: (mail.text ?? '').trimEnd(),
      atMs: world.clock.now(),
    })
  }
  const outcome = await answerWith(fault, keep)
  call.status = outcome === 'cut' ? 0 : outcome === null ? 250 : outcome.responseCode
  return outcome
}

type Refusal = Error & { responseCode: number }

async function answerWith(fault: Fault | undefined, keep: () => void): Promise<Refusal | null | 'cut'> {
  switch (fault?.kind) {
    case 'drop-before':
      return 'cut'
    case 'drop-after':
      keep()
      return 'cut'
    case 'status':
    case 'rate-limit':
      if (fault.when === 'after') keep()
      return Object.assign(new Error('Refused on request'), { responseCode: fault.status ?? 451 })
    case 'delay':
      await wait(fault.delayMs ?? 1_000)
  }
  keep()
  return null
}
