import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ReplayRequest } from '../../../src/server/dead-letters-contract.ts'
import { ApiFailure } from '../../client.ts'
import { operate } from '../../operations-queries.ts'
import { FormDialog } from '../../ui/dialog.tsx'
import { Select, Textarea } from '../../ui/field.tsx'
import { useToast } from '../../ui/toast.tsx'
import { ACTION_WORDS, type ActionKind } from './action-words.ts'
import { InputField } from './input-field.tsx'

type Start = 'failed-step' | 'start' | 'edited'
type Written = { from: Start; input: string | null; reason: string }

const STARTS: { value: Start; label: string }[] = [
  { value: 'failed-step', label: 'From the step that failed' },
  { value: 'start', label: 'From the start' },
  { value: 'edited', label: 'From the start, with another input' },
]

/** Says what an action on one letter would do, and asks for it by that action's own route. */
export function LetterDialog(props: {
  kind: ActionKind
  id: string
  /** Why there is nothing to do any more: somebody was first. */
  overtaken?: string | null
  onClose: () => void
  onDone?: () => void
}) {
  const { kind, id, onClose, onDone } = props
  const [written, setWritten] = useState<Written>({ from: 'failed-step', input: null, reason: '' })
  const [wanting, setWanting] = useState(false)
  const act = useAct(kind, id, () => {
    onDone?.()
    onClose()
  })
  const words = ACTION_WORDS[kind]
  const isEditing = kind === 'replay' && written.from === 'edited'
  // What the server says about the input stands beside the input.
  const refusal = isEditing && act.error instanceof ApiFailure && act.error.status === 400 ? act.error : null
  const lacksReason = kind === 'abandon' && written.reason.trim() === ''
  const lacksInput = isEditing && written.input === null

  return (
    <FormDialog
      open
      onClose={onClose}
      title={`${words.verb} this dead letter?`}
      description={words.one}
      submit={words.verb}
      look={kind === 'replay' ? 'primary' : 'danger'}
      busy={act.isPending}
      error={refusal ? null : (act.error?.message ?? null)}
      overtaken={act.isPending ? null : (props.overtaken ?? null)}
      onSubmit={() => (lacksReason || lacksInput ? setWanting(true) : act.mutate(written))}
    >
      {kind === 'replay' && (
        <Select
          label="From where"
          name="from"
          value={written.from}
          options={STARTS}
          onChange={(value) => {
            act.reset()
            setWritten({ ...written, from: STARTS.find((start) => start.value === value)?.value ?? 'start' })
          }}
        />
      )}
      {isEditing && (
        <InputField
          letterId={id}
          value={written.input}
          error={refusal?.message ?? null}
          onChange={(input) => setWritten((before) => ({ ...before, input }))}
        />
      )}
      {kind === 'abandon' && (
        <Textarea
          label="Reason"
          name="reason"
          value={written.reason}
          onChange={(reason) => setWritten({ ...written, reason })}
          error={wanting && lacksReason ? 'Say why, for those who look at this later.' : null}
        />
      )}
    </FormDialog>
  )
}

function useAct(kind: ActionKind, id: string, onSuccess: () => void) {
  const queryClient = useQueryClient()
  const toast = useToast()
  return useMutation({
    mutationFn: (written: Written): Promise<{ runId?: string }> => {
      if (kind === 'replay') return operate.replay(id, replayOf(written))
      if (kind === 'compensate') return operate.compensate(id)
      return operate.abandon(id, written.reason.trim())
    },
    onSuccess: ({ runId }) => {
      onSuccess()
      toast({ look: 'ok', title: ACTION_WORDS[kind].begun, runId: runId ?? null })
    },
    onSettled: () =>
      Promise.all(
        [['dead-letters'], ['dead-letter', id]].map((queryKey) =>
          queryClient.invalidateQueries({ queryKey }),
        ),
      ),
  })
}

function replayOf({ from, input }: Written): ReplayRequest {
  if (from === 'edited' && input !== null) return { from: 'start', input }
  return { from: from === 'failed-step' ? from : 'start' }
}
