import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { RunSummary } from '../../../src/server/contract.ts'
import { operate } from '../../operations-queries.ts'
import { useMayOperate } from '../../session.ts'
import { Button } from '../../ui/button.tsx'
import { FormDialog } from '../../ui/dialog.tsx'
import { Input } from '../../ui/field.tsx'
import { useToast } from '../../ui/toast.tsx'

/** Ends a run that has not ended, once it was said what that means. */
export function CancelRun({ run }: { run: RunSummary }) {
  const mayOperate = useMayOperate()
  const [asking, setAsking] = useState(false)
  const isOver = ['succeeded', 'failed', 'cancelled'].includes(run.status)
  if (isOver && !asking) return null
  if (!mayOperate) return null
  return (
    <>
      <Button look="danger" icon="stop" onClick={() => setAsking(true)}>
        Cancel this run
      </Button>
      {asking && <CancelDialog run={run} isOver={isOver} onClose={() => setAsking(false)} />}
    </>
  )
}

function CancelDialog(props: { run: RunSummary; isOver: boolean; onClose: () => void }) {
  const { run, isOver, onClose } = props
  const [reason, setReason] = useState('')
  const queryClient = useQueryClient()
  const toast = useToast()
  const cancel = useMutation({
    mutationFn: () => operate.cancelRun(run.id, reason.trim()),
    onSuccess: () => {
      onClose()
      toast({ look: 'ok', title: 'Cancelled', detail: 'The run ends before its next step.' })
    },
    onSettled: () => queryClient.invalidateQueries(),
  })
  return (
    <FormDialog
      open
      onClose={onClose}
      title={`Cancel this run of ${run.job}?`}
      description="It does not begin, or ends before its next step. What it has already done stays done, and a call that is under way cannot be called back: “Done in the world” will say what became of it."
      submit="Cancel the run"
      look="danger"
      busy={cancel.isPending}
      error={cancel.error?.message ?? null}
      overtaken={
        isOver && !cancel.isPending ? 'It has ended meanwhile, so there is nothing to cancel.' : null
      }
      onSubmit={() => cancel.mutate()}
    >
      <Input
        label="Reason"
        name="reason"
        value={reason}
        onChange={setReason}
        hint="For those who look at this later. It may stay empty."
      />
    </FormDialog>
  )
}
