import type { SandboxWorld } from '../support/sandbox-world.ts'

/** The three calls that no provider makes idempotent, each with the call that looks for what it made. */
export const EFFECTS = {
  'slack.message': { provider: 'slack', operation: 'chat.postMessage', lookUp: 'conversations.history' },
  'circle.post': { provider: 'circle', operation: 'posts.create', lookUp: 'posts.list' },
  'twilio.message': { provider: 'twilio', operation: 'messages.create', lookUp: 'messages.list' },
} as const
export type EffectKind = keyof typeof EFFECTS
export const EFFECT_KINDS = Object.keys(EFFECTS) as EffectKind[]

/** What goes wrong with a call; see the sandbox's faults. */
export type FaultWish = {
  kind: string
  status?: number
  code?: string | number
  when?: 'before' | 'after'
  retryAfterS?: number
  body?: string | Record<string, unknown>
  delayMs?: number
  times?: number
  probability?: number
  seed?: number
}

export async function addFault(
  world: SandboxWorld,
  provider: string,
  operation: string,
  fault: FaultWish,
): Promise<void> {
  await world.control('POST', '/faults', { provider, operation, ...fault })
}

/** How often this call reached the providers, dropped ones included. */
export async function callsOf(world: SandboxWorld, kind: EffectKind): Promise<number> {
  const { provider, operation } = EFFECTS[kind]
  return (await world.read()).calls.byOperation[`${provider}/${operation}`] ?? 0
}
