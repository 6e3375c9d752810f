import { eq } from 'drizzle-orm'
import { recordAudit } from '../audit/index.ts'
import { onlyRow, type Transaction, tables } from '../database/index.ts'
import { maskPhone, newId } from '../primitives/index.ts'

export type Sender = typeof tables.senders.$inferSelect

/** Finds the sender by E.164 number or creates it; the row is locked, so texts from one number are handled in turn. */
export async function findOrCreateSender(tx: Transaction, phone: string, nowMs: number): Promise<Sender> {
  await tx.db
    .insert(tables.senders)
    .values({ id: newId('snd'), phone, firstSeenAt: new Date(nowMs) })
    .onConflictDoNothing({ target: tables.senders.phone })
  const rows = await tx.db.select().from(tables.senders).where(eq(tables.senders.phone, phone)).for('update')
  return onlyRow(rows, 'sender')
}

export type ConsentWord = 'stop' | 'start' | 'help'

/**
 * The words that Twilio and the carriers act on themselves. Only a text that is nothing but the word counts:
 * "Stop" does, "Stop please" does not. https://help.twilio.com/articles/223134027, read 2026-11-22.
 */
const CONSENT_WORDS: Record<ConsentWord, readonly string[]> = {
  stop: ['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'OPTOUT'],
  start: ['START', 'YES', 'UNSTOP'],
  help: ['HELP', 'INFO'],
}

/**
 * Which consent word a text is, or null. A Messaging Service with Advanced Opt-Out says so itself in `OptOutType`,
 * which wins, because its words can be anything in any language.
 */
export function consentWord(body: string, optOutType: string | null): ConsentWord | null {
  const word = (optOutType || body).trim().toUpperCase()
  for (const [kind, words] of Object.entries(CONSENT_WORDS)) {
    if (words.includes(word)) return kind === 'stop' || kind === 'start' ? kind : 'help'
  }
  return null
}

/** Notes a consent word on the sender: STOP opts out, START opts in again, HELP changes nothing. */
export async function noteConsentWord(
  tx: Transaction,
  sender: Sender,
  word: ConsentWord,
  nowMs: number,
): Promise<void> {
  const now = new Date(nowMs)
  const consent = { stop: { optedOutAt: now }, start: { optedOutAt: null }, help: {} }[word]
  await tx.db
    .update(tables.senders)
    .set({ ...consent, lastKeyword: word.toUpperCase(), lastKeywordAt: now })
    .where(eq(tables.senders.id, sender.id))
  await recordAudit(tx, {
    atMs: nowMs,
    actor: { kind: 'sender', id: sender.id, name: maskPhone(sender.phone) },
    action: { stop: 'opted out', start: 'opted in', help: 'asked for help' }[word],
    target: { kind: 'sender', id: sender.id },
  })
}

/** Notes that the provider refused a text because this number has opted out there. */
export async function noteOptedOutAtProvider(
  tx: Transaction,
  senderId: string,
  nowMs: number,
): Promise<void> {
  await tx.db
    .update(tables.senders)
    .set({ optedOutAt: new Date(nowMs) })
    .where(eq(tables.senders.id, senderId))
}
