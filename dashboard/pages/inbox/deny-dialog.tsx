import { useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { FormDialog } from '../../ui/dialog.tsx'
import { Textarea } from '../../ui/field.tsx'
import styles from './decision-actions.module.css'
import { type ToDecide, useDecide } from './use-decide.ts'
import { useDecidedElsewhere } from './use-decided-elsewhere.ts'

const REASONS = ['Not relevant to this community', 'Too little about the job', 'Looks like spam']

/** Asks for the reason, which the sender will read. */
export function DenyDialog({ toDecide, onClose }: { toDecide: ToDecide; onClose: () => void }) {
  const [reason, setReason] = useState('')
  const [missing, setMissing] = useState(false)
  const decide = useDecide(toDecide)
  const elsewhere = useDecidedElsewhere(toDecide, decide)

  function submit() {
    if (reason.trim() === '') setMissing(true)
    else decide.mutate({ decision: 'deny', reason: reason.trim() }, { onSuccess: onClose })
  }

  return (
    <FormDialog
      open
      onClose={onClose}
      title={`Deny “${toDecide.title}”?`}
      description="The sender gets a text with the reason. That can’t be undone."
      submit="Deny"
      look="danger"
      busy={decide.isPending}
      error={decide.error?.message ?? null}
      overtaken={elsewhere}
      onSubmit={submit}
    >
      <Textarea
        label="Reason"
        name="reason"
        value={reason}
        onChange={setReason}
        error={missing && reason.trim() === '' ? 'Say why: the sender will read it.' : null}
      />
      <ul className={styles.suggestions} aria-label="Common reasons">
        {REASONS.map((suggestion) => (
          <li key={suggestion}>
            <Button look="plain" onClick={() => setReason(suggestion)}>
              {suggestion}
            </Button>
          </li>
        ))}
      </ul>
    </FormDialog>
  )
}
