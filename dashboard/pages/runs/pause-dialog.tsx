import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { operate } from '../../operations-queries.ts'
import { FormDialog } from '../../ui/dialog.tsx'
import { Input, Select } from '../../ui/field.tsx'
import { useToast } from '../../ui/toast.tsx'

/** Asks which job is to begin no runs for a while, and why. */
export function PauseDialog({ names, onClose }: { names: string[]; onClose: () => void }) {
  const [job, setJob] = useState('')
  const [reason, setReason] = useState('')
  const [wanting, setWanting] = useState(false)
  const queryClient = useQueryClient()
  const toast = useToast()
  const pause = useMutation({
    mutationFn: () => operate.pauseJob(job, reason.trim()),
    onSuccess: async () => {
      onClose()
      toast({ look: 'ok', title: `${job} is paused`, detail: 'Its runs wait until somebody resumes it.' })
      await queryClient.invalidateQueries({ queryKey: ['jobs'] })
    },
  })
  return (
    <FormDialog
      open
      onClose={onClose}
      title="Pause a job"
      description="It begins no run until somebody resumes it. Runs that have begun go on to their end, and nothing is lost: new ones wait."
      submit="Pause"
      busy={pause.isPending}
      error={pause.error?.message ?? null}
      onSubmit={() => (job === '' ? setWanting(true) : pause.mutate())}
    >
      <Select
        label="Job"
        name="job"
        value={job}
        options={[{ value: '', label: 'Choose one' }, ...names.map((name) => ({ value: name, label: name }))]}
        error={wanting && job === '' ? 'Choose the job to pause.' : null}
        onChange={setJob}
      />
      <Input
        label="Reason"
        name="reason"
        value={reason}
        onChange={setReason}
        hint="Shown to everybody who sees it paused."
      />
    </FormDialog>
  )
}
