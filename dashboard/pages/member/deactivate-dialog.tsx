import { useState } from 'react'
import type { MemberSummary } from '../../../src/server/membership-contract.ts'
import { FormDialog } from '../../ui/dialog.tsx'
import { Textarea } from '../../ui/field.tsx'
import { useAct } from './use-act.ts'

/** Asks why, and says what will happen. */
export function DeactivateDialog({ member, onClose }: { member: MemberSummary; onClose: () => void }) {
  const [reason, setReason] = useState('')
  const [missing, setMissing] = useState(false)
  const act = useAct(member.id, { inDialog: true })

  function submit() {
    if (reason.trim() === '') setMissing(true)
    else act.mutate({ act: 'deactivate', reason: reason.trim() }, { onSuccess: onClose })
  }

  return (
    <FormDialog
      open
      onClose={onClose}
      title={`Deactivate ${member.name}?`}
      description="The membership ends now: the profile is hidden, Mailchimp tags them as alumni, and they leave the members’ group in Slack. What they pay is not touched: cancel that in Stripe. You can take it back."
      submit="Deactivate"
      look="danger"
      busy={act.isPending}
      error={act.error?.message ?? null}
      onSubmit={submit}
    >
      <Textarea
        label="Reason"
        name="reason"
        value={reason}
        onChange={setReason}
        hint="For the record; the member does not read it."
        error={missing && reason.trim() === '' ? 'Say why, for those who look at this later.' : null}
      />
    </FormDialog>
  )
}
