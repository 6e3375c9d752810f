/** Texts as Twilio keeps them. */

export type MessageStatus = 'received' | 'queued' | 'sent' | 'delivered' | 'undelivered'

export type TwilioMedia = {
  sid: string
  contentType: string
  /** Where the picture really is; `data:` is served as it is, anything else by a redirect. */
  source: string
}

export type TwilioMessage = {
  sid: string
  direction: 'inbound' | 'outbound-api' | 'outbound-reply'
  from: string
  to: string
  body: string
  status: MessageStatus
  errorCode: number | null
  media: TwilioMedia[]
  createdMs: number
  sentMs: number | null
  updatedMs: number
  statusCallback: string | null
  /** Of an inbound text: whether the answer to its webhook was already sent as a text. */
  answered: boolean
}

/** A line of Twilio's debugger: what went wrong with a webhook or a reply. */
export type DebuggerAlert = { id: string; code: number; messageSid: string; text: string; atMs: number }
