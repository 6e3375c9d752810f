import type { ActionKind } from './action-words.ts'
import { type Bulk, BulkDialog } from './bulk-dialog.tsx'
import { LetterDialog } from './letter-dialog.tsx'

/** What somebody wants to act on, as it was when they asked: letters that come and go meanwhile change nothing of it. */
export type Asked = Bulk | { kind: ActionKind; letterId: string }

/** The dialog for what was asked. To be held above whatever may leave the page while somebody writes in it. */
export function AskedDialog(props: {
  asked: Asked
  aloneAtMost: number
  /** How many fit a choice by filter by now; undefined where that is not known. */
  fitting: number | undefined
  onClose: () => void
  onDone?: () => void
}) {
  const { asked, aloneAtMost, fitting, ...ends } = props
  if ('letterId' in asked) return <LetterDialog kind={asked.kind} id={asked.letterId} {...ends} />
  return <BulkDialog bulk={asked} aloneAtMost={aloneAtMost} fitting={fitting} {...ends} />
}
