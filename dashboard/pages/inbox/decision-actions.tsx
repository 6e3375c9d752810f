import { useState } from 'react'
import type { ParsedJobPost } from '../../../src/extraction/schema.ts'
import { Button } from '../../ui/button.tsx'
import { FormDialog } from '../../ui/dialog.tsx'
import { Textarea } from '../../ui/field.tsx'
import styles from './decision-actions.module.css'
import { EditDialog } from './edit-dialog.tsx'
import { type ToDecide, useDecide } from './use-decide.ts'

/** Approve, deny with a reason, or edit and approve; each also by its key. */
export function DecisionActions(props: { toDecide: ToDecide; parsed: ParsedJobPost; uncertain: string[] }) {
  const { toDecide, parsed, uncertain } = props
  const [dialog, setDialog] = useState<'deny' | 'edit' | null>(null)
  const decide = useDecide(toDecide)
  const close = () => setDialog(null)
  return (
    <div className={styles.actions}>
      <Button
        look="primary"
        icon="check"
        hotkey="a"
        busy={decide.isPending}
        onClick={() => decide.mutate({ decision: 'approve' })}
      >
        Approve
      </Button>
      <Button icon="pencil" hotkey="e" disabled={decide.isPending} onClick={() => setDialog('edit')}>
        Edit
      </Button>
      <Button icon="cross" hotkey="d" disabled={decide.isPending} onClick={() => setDialog('deny')}>
        Deny
      </Button>
      {dialog === 'deny' && <DenyDialog toDecide={toDecide} onClose={close} />}
      {dialog === 'edit' && (
        <EditDialog toDecide={toDecide} parsed={parsed} uncertain={uncertain} onClose={close} />
      )}
    </div>
  )
}

const REASONS = ['Not relevant to this community', 'Too little about the job', 'Looks like spam']

function DenyDialog({ toDecide, onClose }: { toDecide: ToDecide; onClose: () => void }) {
  const [reason, setReason] = useState('')
  const [missing, setMissing] = useState(false)
  const decide = useDecide(toDecide)

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
