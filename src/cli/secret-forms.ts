/** What secrets look like. */

export type FoundSecret = { rule: string; line: number; secret: string }

/** The providers' own forms (their documentation, 2026-11). */
const FORMS: { rule: string; pattern: RegExp }[] = [
  { rule: 'private key', pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----/g },
  { rule: 'key of Slack', pattern: /\bxox[abeprs]-[A-Za-z0-9-]{10,}/g },
  { rule: 'app token of Slack', pattern: /\bxapp-\d-[A-Z0-9]+-\d+-[a-f0-9]{20,}/g },
  {
    rule: 'webhook of Slack',
    pattern: /hooks\.slack\.com\/services\/T[A-Z0-9]+\/B[A-Z0-9]+\/[A-Za-z0-9]{16,}/g,
  },
  { rule: 'API key of Twilio', pattern: /\bSK[0-9a-f]{32}\b/g },
  { rule: 'key of Stripe or Clerk', pattern: /\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}/g },
  { rule: 'webhook secret of Stripe, Clerk or Svix', pattern: /\bwhsec_[A-Za-z0-9+/]{20,}={0,2}/g },
  { rule: 'key of OpenAI', pattern: /\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{32,}/g },
  { rule: 'key of Mailchimp', pattern: /\b[0-9a-f]{32}-us\d{1,2}\b/g },
  { rule: 'key of Luma', pattern: /\bsecret-[A-Za-z0-9]{20,}/g },
  { rule: 'key of AWS', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  { rule: 'token of GitHub', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,})/g },
  { rule: 'token of npm', pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { rule: 'key of Google', pattern: /\bAIza[A-Za-z0-9_-]{35}\b/g },
  { rule: 'key of SendGrid', pattern: /\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}/g },
  {
    rule: 'signed token (JWT)',
    pattern: /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g,
  },
]
/** `authToken: '…'`, `API_KEY=…`: the name says what it is, and a literal stands behind it. */
const ASSIGNMENT =
  /(?:secret|token|passw(?:or)?d|api[_-]?key|auth[_-]?key|routing[_-]?key|credential)\w*['"]?\s*[:=]\s*(?:['"`]([^'"`\s${}]{16,})['"`]|([A-Za-z0-9+/_=-]{20,})$)/gim
/** Bits for each character: words are below, random letters and digits above. */
const RANDOM_BITS = 3.5
/** In a URL, between the name and the host: `postgresql://user:…@host`. */
const IN_ADDRESS = /\b[a-z][a-z0-9+]*:\/\/[^\s:/@'"`]+:([^\s:/@'"`${}<>]{8,})@/gi
const EXAMPLES = /^(?:password|example|changeme|secret|x+|\*+|…+)$/i

/** Everything in a text that looks like a secret, with its line. */
export function findSecrets(text: string): FoundSecret[] {
  const found: (FoundSecret & { index: number })[] = []
  const note = (rule: string, index: number, secret: string) => {
    if (!found.some((other) => other.secret.includes(secret)))
      found.push({ rule, index, secret, line: text.slice(0, index).split('\n').length })
  }
  for (const { rule, pattern } of FORMS)
    for (const match of text.matchAll(pattern)) note(rule, match.index, match[0])
  for (const match of text.matchAll(ASSIGNMENT)) {
    const secret = match[1] ?? match[2] ?? ''
    if (looksRandom(secret)) note('random text in an assignment', match.index, secret)
  }
  for (const match of text.matchAll(IN_ADDRESS)) {
    const secret = match[1] ?? ''
    if (!EXAMPLES.test(secret)) note('password in an address', match.index, secret)
  }
  return found.map(({ rule, line, secret }) => ({ rule, line, secret }))
}

/** Letters and digits mixed, as nobody writes them. */
function looksRandom(text: string): boolean {
  return (
    /\d/.test(text) &&
    /[a-z]/i.test(text) &&
    /^[\w+/=.-]+$/.test(text) &&
    bitsPerCharacter(text) >= RANDOM_BITS
  )
}

/** Shannon's entropy of the characters. */
function bitsPerCharacter(text: string): number {
  const counts = Object.values(Object.groupBy(text, (character) => character)).map(
    (each) => each?.length ?? 0,
  )
  return -counts.reduce((sum, count) => sum + (count / text.length) * Math.log2(count / text.length), 0)
}
