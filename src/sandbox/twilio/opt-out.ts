/**
 * Opt-out words, which Twilio answers itself on a long code: the whole body must be the word, in any case. The text
 * still reaches the webhook. https://help.twilio.com/articles/223134027
 */
import type { World } from '../world.ts'

const STOP = new Set(['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'OPTOUT'])
const START = new Set(['START', 'YES', 'UNSTOP'])
const HELP = new Set(['HELP', 'INFO'])

/**
 * Opts the number in or out when the body says so.
 * @returns Twilio's own answer, or null when it has none: the word is no keyword, or it changes nothing
 */
export function handleOptOutWord(world: World, number: string, body: string): string | null {
  const word = body.trim().toUpperCase()
  const { optedOut } = world.twilio
  if (STOP.has(word)) {
    if (optedOut.get(number)) return null
    optedOut.put(number, { number, sinceMs: world.clock.now() })
    return 'You have successfully been unsubscribed. You will not receive any more messages from this number. Reply START to resubscribe.'
  }
  if (START.has(word)) {
    if (!optedOut.delete(number)) return null
    return 'You have successfully been re-subscribed to messages from this number. Reply HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply.'
  }
  if (HELP.has(word)) return 'Reply STOP to unsubscribe. Msg&Data Rates May Apply.'
  return null
}
