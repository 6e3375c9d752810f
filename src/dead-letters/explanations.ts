import type { DeadLetter, ErrorClass } from '../engine/index.ts'

/** A cause in plain words: what happened, what to do about it, and the page that tells more. */
export type Explanation = { title: string; suggestion: string; runbook: string }

const NAMES: Readonly<Record<string, string>> = {
  twilio: 'Twilio',
  slack: 'Slack',
  openai: 'OpenAI',
  circle: 'Circle',
  stripe: 'Stripe',
  clerk: 'Clerk',
  mailchimp: 'Mailchimp',
  luma: 'Luma',
  pagerduty: 'PagerDuty',
  email: 'The mail server',
}

const WORDS: Readonly<Record<ErrorClass, { title: (who: string) => string; suggestion: string }>> = {
  unreachable: {
    title: (who) => `${who} could not be reached`,
    suggestion: 'When Connections shows it answering again, replay them. Nothing was sent.',
  },
  failing: {
    title: (who) => `${who} kept failing`,
    suggestion:
      'Look at its status page. When it answers again, replay them: what has happened is not repeated.',
  },
  'no-answer': {
    title: (who) => `${who} did not answer in time`,
    suggestion: 'When it answers again, replay them: what has happened is looked up first, and not repeated.',
  },
  unreadable: {
    title: (who) => `${who} answered something that cannot be read`,
    suggestion:
      'A maintenance page, or a change on their side. Look at its status page; if it says that all is well, tell a developer. Then replay.',
  },
  'rate-limited': {
    title: (who) => `${who} kept asking to wait`,
    suggestion: 'Somebody else may be using the same account. When it is calm again, replay them.',
  },
  away: {
    title: (who) => `${who} was away for more than a day`,
    suggestion: 'When Connections shows it answering again, replay them, or abandon what is too old by now.',
  },
  credentials: {
    title: (who) => `${who} does not accept our credentials`,
    suggestion:
      'Renew the key or its permissions (npm run doctor says which), restart, then replay them all.',
  },
  refused: {
    title: (who) => `${who} refused this request`,
    suggestion:
      'Read the error: it says what to correct there. Then replay; if it is as it should be, abandon.',
  },
  'outcome-unknown': {
    title: (who) => `It is not known whether ${who} did it`,
    suggestion: 'Look there, and say in the Inbox whether it happened. The run goes on from your answer.',
  },
  'not-possible': {
    title: () => 'It could not be done as things stand',
    suggestion: 'The error says what is missing or what changed. Put that right and replay, or abandon it.',
  },
  'given-up': {
    title: () => 'The program died under it again and again',
    suggestion: 'Tell a developer before you replay it: it may bring the program down once more.',
  },
  database: {
    title: () => 'PostgreSQL refused a statement',
    suggestion: 'A fault of the program or of the database. Tell a developer; replay when it is mended.',
  },
  bug: {
    title: () => 'Something that nobody foresaw',
    suggestion: 'A fault of the program. Tell a developer, with the error; replay when it is mended.',
  },
}

/** @param letter any letter of the group */
export function explain(letter: Pick<DeadLetter, 'provider' | 'errorClass'>): Explanation {
  const errorClass = isErrorClass(letter.errorClass) ? letter.errorClass : 'bug'
  const { title, suggestion } = WORDS[errorClass]
  const who = letter.provider === null ? 'The other side' : (NAMES[letter.provider] ?? letter.provider)
  return { title: title(who), suggestion, runbook: runbookOf(errorClass) }
}

/** The name of its page in `docs/runbooks`. Every class has one. */
export function runbookOf(errorClass: ErrorClass): string {
  return `dead-letter-${errorClass}`
}

export const ERROR_CLASSES = Object.keys(WORDS).filter(isErrorClass)

function isErrorClass(word: string): word is ErrorClass {
  return Object.hasOwn(WORDS, word)
}
