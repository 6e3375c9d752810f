import type { Collection, Store } from '../store.ts'

/** A mail that has been caught. */
export type CaughtMail = {
  /** Without angle brackets; two copies of one mail have the same. */
  messageId: string
  from: string
  to: string[]
  subject: string
  text: string
  atMs: number
}

export type MailWorld = { caught: Collection<CaughtMail> }

/** Opens the mail's part of the world. */
export function openMail(store: Store): MailWorld {
  return { caught: store.collection('mail-caught') }
}
