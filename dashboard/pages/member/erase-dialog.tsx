import { useState } from 'react'
import type { MemberSummary } from '../../../src/server/membership-contract.ts'
import { FormDialog } from '../../ui/dialog.tsx'
import { Input } from '../../ui/field.tsx'
import { useAct } from './use-act.ts'

/** Has the address typed, because nothing brings back what was erased. */
export function EraseDialog({ member, onClose }: { member: MemberSummary; onClose: () => void }) {
  const [typed, setTyped] = useState('')
  const [wrong, setWrong] = useState(false)
  const act = useAct(member.id, { inDialog: true })
  const word = member.email ?? member.id
  const isRight = typed.trim().toLowerCase() === word.toLowerCase()

  function submit() {
    if (!isRight) setWrong(true)
    else act.mutate({ act: 'erase', confirm: typed.trim() }, { onSuccess: onClose })
  }

  return (
    <FormDialog
      open
      onClose={onClose}
      title={`Erase ${member.name}?`}
      description={
        <>
          Everything that is kept here about them is erased: names, addresses, what runs and webhooks said.
          The record of who decided what stays, without them. This can’t be undone. Type{' '}
          <strong>{word}</strong> to confirm.
        </>
      }
      submit="Erase for good"
      look="danger"
      busy={act.isPending}
      error={act.error?.message ?? null}
      onSubmit={submit}
    >
      <Input
        label={member.email === null ? 'Their id' : 'Their address'}
        name="confirm"
        value={typed}
        onChange={setTyped}
        autoComplete="off"
        error={wrong && !isRight ? 'Type it exactly as it stands above.' : null}
      />
    </FormDialog>
  )
}
