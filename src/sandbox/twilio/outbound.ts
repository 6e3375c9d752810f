/**
 * An outbound text's life: queued → sent → delivered, or undelivered with an error code. Each state is told to the
 * text's StatusCallback, signed. A text that a crash of the sandbox left halfway goes on at the next start.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { deliver } from '../deliveries.ts'
import type { World } from '../world.ts'
import { newSid } from './ids.ts'
import type { MessageStatus, TwilioMedia, TwilioMessage } from './model.ts'
import { twilioSignature } from './signature.ts'

const STEP_MS = 15

/** Accepts a text for sending and lets it travel; the caller has checked it. */
export function queueMessage(
  world: World,
  text: {
    direction: 'outbound-api' | 'outbound-reply'
    from: string
    to: string
    body: string
    media?: TwilioMedia[]
    statusCallback?: string | null
  },
): TwilioMessage {
  const nowMs = world.clock.now()
  const media = text.media ?? []
  const message: TwilioMessage = {
    sid: newSid(media.length > 0 ? 'MM' : 'SM'),
    direction: text.direction,
    from: text.from,
    to: text.to,
    body: text.body,
    status: 'queued',
    errorCode: null,
    media,
    createdMs: nowMs,
    sentMs: null,
    updatedMs: nowMs,
    statusCallback: text.statusCallback ?? null,
    answered: false,
  }
  world.twilio.messages.put(message.sid, message)
  void travel(world, message)
  return message
}

/** Moves on every text that is still queued or sent. */
export function resumeMessages(world: World): void {
  for (const message of world.twilio.messages.values()) {
    if (message.status === 'queued' || message.status === 'sent') void travel(world, message)
  }
}

async function travel(world: World, message: TwilioMessage): Promise<void> {
  if (message.status === 'queued') {
    void callBack(world, message)
    await wait(STEP_MS, undefined, { ref: false })
    void callBack(world, move(world, message.sid, 'sent', null))
  }
  await wait(STEP_MS, undefined, { ref: false })
  const fault = world.faults.draw('twilio', 'delivery')
  const failed = fault?.kind === 'status'
  const errorCode = failed ? (fault.status ?? 30007) : null
  void callBack(world, move(world, message.sid, failed ? 'undelivered' : 'delivered', errorCode))
}

function move(
  world: World,
  sid: string,
  status: MessageStatus,
  errorCode: number | null,
): TwilioMessage | null {
  const message = world.twilio.messages.get(sid)
  if (!message) return null
  const nowMs = world.clock.now()
  return world.twilio.messages.put(sid, {
    ...message,
    status,
    errorCode,
    updatedMs: nowMs,
    sentMs: message.sentMs ?? nowMs,
  })
}

async function callBack(world: World, message: TwilioMessage | null): Promise<void> {
  if (!message?.statusCallback) return
  const form: Record<string, string> = {
    AccountSid: world.options.twilioAccountSid,
    ApiVersion: '2010-04-01',
    From: message.from,
    MessageSid: message.sid,
    MessageStatus: message.status,
    SmsSid: message.sid,
    SmsStatus: message.status,
    To: message.to,
    ...(message.errorCode === null ? {} : { ErrorCode: String(message.errorCode) }),
  }
  await deliver(world, {
    provider: 'twilio',
    operation: 'status-callback',
    url: message.statusCallback,
    headers: {
      'x-twilio-signature': twilioSignature(world.options.twilioAuthToken, message.statusCallback, form),
      'user-agent': 'TwilioProxy/1.1',
    },
    body: { form },
    connectTimeoutMs: 5_000,
    totalTimeoutMs: 15_000,
  })
}
