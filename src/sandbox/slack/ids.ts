import { randomBytes } from 'node:crypto'
import type { World } from '../world.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

/** A random identifier as Slack makes them, e.g. `V0…`. */
export function newSlackId(prefix: string): string {
  return prefix + [...randomBytes(11 - prefix.length)].map((byte) => ALPHABET[byte % 36]).join('')
}

/** A block_id, for a block that came without one. */
export function newBlockId(): string {
  return randomBytes(4).toString('base64url').slice(0, 5)
}

/** `12466734323.1395872398.<32 hexadecimal digits>`, as Slack words a trigger id. */
export function newTriggerId(): string {
  const number = () => randomBytes(5).readUIntBE(0, 5)
  return `${number()}.${number()}.${randomBytes(16).toString('hex')}`
}

/** The next message timestamp, `seconds.microseconds` of the world's clock; each is later than every one before. */
export function nextTs(world: World): string {
  const lastTs = world.slack.lastTs()
  const micros = Math.max(world.clock.now() * 1_000, microseconds(lastTs) + 1)
  const ts = `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}`
  world.slack.setLastTs(ts)
  return ts
}

/** A timestamp as microseconds since the epoch; 0 when it is none. */
export function microseconds(ts: string): number {
  const [seconds = '', fraction = ''] = ts.split('.')
  const micros = Number(seconds) * 1e6 + Number(fraction.padEnd(6, '0').slice(0, 6))
  return Number.isFinite(micros) ? micros : 0
}
