import { createContext, type ReactNode, useCallback, useContext, useState } from 'react'
import type { ParsedJobPost } from '../../../src/extraction/schema.ts'
import { DenyDialog } from './deny-dialog.tsx'
import { EditDialog } from './edit-dialog.tsx'
import type { ToDecide } from './use-decide.ts'

type Asked =
  | { dialog: 'deny'; toDecide: ToDecide }
  | { dialog: 'edit'; toDecide: ToDecide; parsed: ParsedJobPost; uncertain: string[] }
type Dialogs = { open: boolean; ask: (asked: Asked) => void }

const DialogsContext = createContext<Dialogs | null>(null)

/**
 * Holds the dialogs that decide. They stand above the pages: the card that opened one leaves the inbox when somebody
 * else decides, and what is being written must not leave with it.
 */
export function DecisionDialogs({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<Asked | null>(null)
  const close = useCallback(() => setAsked(null), [])
  return (
    <DialogsContext value={{ open: asked !== null, ask: setAsked }}>
      {children}
      {asked?.dialog === 'deny' && <DenyDialog toDecide={asked.toDecide} onClose={close} />}
      {asked?.dialog === 'edit' && <EditDialog {...asked} onClose={close} />}
    </DialogsContext>
  )
}

/** Whether one is open, and how to open one. Throws outside of `DecisionDialogs`. */
export function useDecisionDialogs(): Dialogs {
  const dialogs = useContext(DialogsContext)
  if (dialogs === null) throw new Error('useDecisionDialogs is for pages inside DecisionDialogs.')
  return dialogs
}
