import type { KinkeeperError } from '../../primitives/index.ts'
import { type Call, errorFor, type Failure, transportFailure } from '../failures.ts'

/** Maps whatever nodemailer threw to the error that says what to do next. Pure. */
export function emailError(call: Call, error: unknown): KinkeeperError {
  return errorFor(call, emailFailure(error), error)
}

/** What nodemailer's errors carry: its own code, the server's reply code, the command that was answered, which time ran out. */
type SmtpError = {
  message?: string
  code?: unknown
  responseCode?: unknown
  command?: unknown
  timeoutType?: unknown
}

/** 4xx: not now, 5xx: never. https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1 */
function emailFailure(error: unknown): Failure {
  const { code, responseCode, command, timeoutType }: SmtpError = error instanceof Error ? error : {}
  const reply = typeof responseCode === 'number' ? responseCode : null
  const word = typeof code === 'string' ? code : null
  if (reply !== null && reply >= 400 && reply < 500) return { kind: 'broken', status: reply, code: word }
  if (word === 'EAUTH' || word === 'ENOAUTH')
    return refused('The mail server refused the user or password', reply, word)
  if (word === 'ETLS')
    return refused('The mail server’s certificate cannot be trusted, or it speaks no TLS', reply, word)
  if (reply !== null && reply >= 500) {
    if (command === 'RCPT TO') return refused('The mail server refused the recipient', reply, word, '')
    return refused(`The mail server refused the mail (${reply})`, reply, word, ' and EMAIL_FROM')
  }
  if (word === 'EENVELOPE')
    return refused('The mail server took neither sender nor recipient', reply, word, ' and EMAIL_FROM')
  if (word === 'EDNS') return { kind: 'not_sent', code: word }
  // The command is "CONN" for each of them; once there was a greeting, the mail may have been taken.
  if (word === 'ETIMEDOUT')
    return timeoutType === 'SOCKET_TIMEOUT' ? { kind: 'timeout' } : { kind: 'not_sent', code: word }
  return transportFailure(error)
}

function refused(what: string, status: number | null, code: string | null, also = ''): Failure {
  return { kind: 'refused', explanation: `${what}: check SMTP_URL${also}.`, status, code }
}
