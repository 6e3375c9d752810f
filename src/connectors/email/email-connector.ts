import { createTransport, type Mail } from 'nodemailer'
import { SECOND_MS } from '../../primitives/index.ts'
import type { Gate } from '../contract.ts'
import { attempt } from '../failures.ts'
import type { EmailConnector } from '../notice-contract.ts'
import { emailError } from './email-errors.ts'

export type EmailSettings = {
  /** `smtp://user:password@host:587`, `smtps://…`; or how to find it: a stand-in has another port after each start. */
  smtpUrl: string | (() => Promise<string>)
  /** `Kinkeeper <kinkeeper@example.org>` */
  from: string
  timeoutMs?: number | undefined
}

/** E-mail by SMTP, over a connection for each mail: they are few, and an idle one would be closed under us. */
export function createEmailConnector(settings: EmailSettings, gate: Gate): EmailConnector {
  const timeoutMs = settings.timeoutMs ?? 15 * SECOND_MS
  const withServer = async <T>(use: (server: Mail) => Promise<T>): Promise<T> => {
    const url = typeof settings.smtpUrl === 'string' ? settings.smtpUrl : await settings.smtpUrl()
    const server = createTransport(withTimeouts(url, timeoutMs))
    try {
      return await use(server)
    } finally {
      server.close()
    }
  }
  const calling = <T>(operation: string, use: (server: Mail) => Promise<T>) =>
    attempt(gate, { provider: 'email', operation, effect: 'repeatable' }, emailError, () => withServer(use))
  return {
    send: ({ to, subject, text, messageId }) =>
      calling('send mail', async (server) => {
        await server.sendMail({ from: settings.from, to, subject, text, messageId: `<${messageId}>` })
        return { messageId }
      }),
    ping: () =>
      calling('greet the server', async (server) => {
        await server.verify()
      }),
  }
}

/** The library reads its options from the address's query too. */
function withTimeouts(url: string, timeoutMs: number): string {
  const address = new URL(url)
  for (const name of ['connectionTimeout', 'greetingTimeout', 'socketTimeout', 'dnsTimeout'])
    if (!address.searchParams.has(name)) address.searchParams.set(name, String(timeoutMs))
  return address.href
}
